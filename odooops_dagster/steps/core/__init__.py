"""Helpers that every step needs."""
