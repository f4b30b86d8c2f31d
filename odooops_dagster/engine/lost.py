"""Runs whose process is gone: when the lease is over, and the reason to give."""

from __future__ import annotations

import time

from odooops_dagster.model import Run

GONE = "the process that worked on it is gone"
RESTORED = "the control plane was restored from a backup, and this run was unfinished in it"


def is_expired(row: Run) -> bool:
    """Return whether the row's lease has expired."""
    return row.lease_expires_at is not None and row.lease_expires_at.timestamp() < time.time()
