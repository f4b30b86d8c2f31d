"""Verified backups; the format is described in docs/backup-format.md."""
