"""Tools that import none of the layers above them."""
