"""The Dagster resources: the wiring between Dagster and the core objects."""
