"""What people read; `python -m docs.generate` writes the settings' reference from the code."""
