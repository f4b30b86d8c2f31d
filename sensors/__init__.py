"""What the platform watches."""
