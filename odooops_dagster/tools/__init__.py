"""Tools that know nobody above them."""
