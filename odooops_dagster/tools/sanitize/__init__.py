"""Removes secrets from a copy of production, and proves with an independent search that none is left."""
