"""What is known of a run whose process is gone."""

from __future__ import annotations

import time

from odooops_dagster.model import Run

GONE = "the process that worked on it is gone"


def is_expired(row: Run) -> bool:
    """Return whether the row's lease has expired."""
    return row.lease_expires_at is not None and row.lease_expires_at.timestamp() < time.time()
