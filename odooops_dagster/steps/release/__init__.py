"""Releases: a release and its data take over in production, or what was there before stays."""
