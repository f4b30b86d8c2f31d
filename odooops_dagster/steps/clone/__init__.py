"""Sanitised clones of production."""
