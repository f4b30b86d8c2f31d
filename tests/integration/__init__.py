"""Pieces with the real programs they drive."""
