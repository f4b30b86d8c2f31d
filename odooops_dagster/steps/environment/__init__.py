"""From an image to a running environment."""
