"""Single rows of a backup: compared with a live database, reviewed, written back."""
