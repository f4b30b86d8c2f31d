"""The environments' PostgreSQL server."""
