"""What `ops repo` writes into repositories."""
