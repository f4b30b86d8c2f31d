"""Upgrade previews: what an upgrade would do to production, tried on a harmless copy of its data."""
