"""Dagster's log records of a run, on their way to ops.run_logs."""

from __future__ import annotations

import logging
from typing import Any

from odooops_dagster.engine.run_log import open_writer
from odooops_dagster.engine.tags import fence_of
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Fence, LogLevel
from odooops_dagster.platform import this_platform

# What Dagster says of its own work and people want to read; the rest of its events stays in Dagster.
_EVENTS = frozenset({"STEP_START", "STEP_SUCCESS", "STEP_FAILURE", "ASSET_CHECK_EVALUATION"})


class RunLogHandler(logging.Handler):
    """Hands each line of a run to its writer, which batches; named in dagster.yaml under python_logs.

    Dagster closes and makes handlers anew while a run works, so nothing is kept in the handler itself.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record's line; a log that cannot be written must not stop the run."""
        fence = fence_of_record(record)
        if fence is None or not is_wanted(record):
            return
        try:
            writer = open_writer(this_platform().control, fence)
            if writer is not None:
                writer.write(level_of(record), line_of(record), metadata_of(record))
        except (OdooOpsError, OSError):
            self.handleError(record)


def fence_of_record(record: logging.LogRecord) -> Fence | None:
    """Return the fence of the run that logged, or None where no run of ours did."""
    return fence_of(_meta(record).get("job_tags") or {})


def is_wanted(record: logging.LogRecord) -> bool:
    """Return whether people reading the run's log want this record."""
    event = getattr(record, "dagster_event", None)
    return event is None or event.event_type_value in _EVENTS


def line_of(record: logging.LogRecord) -> str:
    """Return what was said, without the prefix that Dagster puts before it."""
    return str(_meta(record).get("orig_message") or record.getMessage())


def level_of(record: logging.LogRecord) -> LogLevel:
    """Return the record's level in the words of ops.run_logs."""
    if record.levelno >= logging.ERROR:
        return "error"
    if record.levelno >= logging.WARNING:
        return "warn"
    return "info" if record.levelno >= logging.INFO else "debug"


def metadata_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the step that logged, where one did."""
    step = _meta(record).get("step_key")
    return {"step": step} if step else {}


def _meta(record: logging.LogRecord) -> dict[str, Any]:
    meta: dict[str, Any] = getattr(record, "dagster_meta", None) or {}
    return meta
