"""The code that depends on Dagster, besides the root folders."""
