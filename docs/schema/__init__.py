"""Documents of the schema, written from a database that was migrated: one reader, one writer per format."""
