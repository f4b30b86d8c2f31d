"""What keeps the platform in order: whose things are, and which of them are over."""
