"""Holds the bundles of spec/ to what stands: files, ticked tasks, names, links, and the documents of the schema."""
