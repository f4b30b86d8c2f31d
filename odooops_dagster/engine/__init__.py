"""All that knows Dagster beside the root folders."""
