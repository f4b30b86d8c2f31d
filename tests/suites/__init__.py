"""What every product behind a protocol must do."""
