"""The bundle of a release: one file with all evidence, which others verify without our database and our store."""
