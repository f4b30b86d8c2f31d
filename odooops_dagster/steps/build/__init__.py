"""From a commit to an image."""
