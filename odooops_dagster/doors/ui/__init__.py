"""The Dagster UI behind a login."""
