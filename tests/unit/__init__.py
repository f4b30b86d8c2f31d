"""The product's own pieces, without servers."""
