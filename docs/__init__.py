"""What people read; `python -m docs.generate` writes the pages that the code itself knows."""
