"""Deliveries of forges: how each signs, and what each tells of branches, tags and pull requests."""
