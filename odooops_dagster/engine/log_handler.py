"""Send Dagster's log records of a run to ops.run_logs."""

from __future__ import annotations

import logging
from typing import Any

from odooops_dagster.engine.refusal import not_reached
from odooops_dagster.engine.run_log import open_writer
from odooops_dagster.engine.tags import fence_of
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Fence, LogLevel
from odooops_dagster.platform import this_platform

# The Dagster events that people want to read in a run's log; the other events stay in Dagster. Answers of checks and
# the reason of a failure are there in our own words.
_EVENTS = frozenset({"STEP_START", "STEP_SUCCESS"})


class RunLogHandler(logging.Handler):
    """Passes each line of a run to its batching writer; named in dagster.yaml under python_logs.

    Dagster closes and recreates handlers while a run works, so the handler itself keeps no state.
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
    """Return the fence of the run that logged the record; None if it is no run of ours."""
    return fence_of(_meta(record).get("job_tags") or {})


def is_wanted(record: logging.LogRecord) -> bool:
    """Return whether the record belongs in the run's log."""
    event = getattr(record, "dagster_event", None)
    return event is None or event.event_type_value in _EVENTS


def line_of(record: logging.LogRecord) -> str:
    """Return the record's message without Dagster's prefix, and in our words where a step was not reached."""
    message = str(_meta(record).get("orig_message") or record.getMessage())
    return not_reached(message) or message


def level_of(record: logging.LogRecord) -> LogLevel:
    """Return the record's level as a level of ops.run_logs; that a step was not reached is no error."""
    if not_reached(str(_meta(record).get("orig_message", ""))):
        return "info"
    if record.levelno >= logging.ERROR:
        return "error"
    if record.levelno >= logging.WARNING:
        return "warn"
    return "info" if record.levelno >= logging.INFO else "debug"


def metadata_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the name of the step that logged the record; empty if there is none."""
    step = _meta(record).get("step_key")
    return {"step": step} if step else {}


def _meta(record: logging.LogRecord) -> dict[str, Any]:
    meta: dict[str, Any] = getattr(record, "dagster_meta", None) or {}
    return meta
