"""Backups that prove themselves; the format is described in docs/backup-format.md."""
