"""Restores single rows of a backup: compares them with a live database, and writes back the reviewed ones."""
