"""Takes secrets out of a copy of production, and proves by a search of its own that none is left."""
