"""Upkeep: find what the platform created, decide who owns it, and remove what is no longer used."""
