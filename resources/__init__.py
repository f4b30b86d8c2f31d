"""The wires between Dagster and the core objects."""
