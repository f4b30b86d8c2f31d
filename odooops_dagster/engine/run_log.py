"""The writers that send log lines of this process's runs to ops.run_logs, one per run."""

from __future__ import annotations

import threading

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.logs import RunLogWriter
from odooops_dagster.model import Fence

_lock = threading.Lock()
_writers: dict[Fence, RunLogWriter | None] = {}


def open_writer(control: ControlPlane, fence: Fence) -> RunLogWriter | None:
    """Return the run's writer; None if the run has ended and its log is closed."""
    with _lock:
        if fence not in _writers:
            _writers[fence] = RunLogWriter(control, fence)
        return _writers[fence]


def flush_writer(fence: Fence) -> None:
    """Send the lines that the run's writer has; the log stays open."""
    with _lock:
        writer = _writers.get(fence)
    if writer is not None:
        writer.flush()


def close_writer(fence: Fence) -> None:
    """Flush and close the run's writer; later lines are dropped."""
    with _lock:
        writer, _writers[fence] = _writers.get(fence), None
    if writer is not None:
        writer.close()
