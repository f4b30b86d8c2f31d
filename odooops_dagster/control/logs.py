"""Log lines and events of runs, and a writer that sends lines in batches."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.errors import Fenced, OdooOpsError
from odooops_dagster.model import Fence, LogLevel, LogLine, Run

if TYPE_CHECKING:
    from odooops_dagster.control import ControlPlane

# How long a line waits for a batch: people see it within this time, and a run sends about two statements per second.
FLUSH_SECONDS = 0.5
# Maximum number of lines per statement.
BATCH_LINES = 1000
# Maximum number of waiting lines while the database is unavailable; the oldest are dropped and counted.
KEPT_LINES = 20_000
# The metadata key of a log line that reports progress.
PROGRESS = "progress"
# The payload key of an event that has the next action for people.
HINT = "hint"


class Logs:
    """Reads and writes ops.run_logs and ops.run_events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, fence: Fence, lines: Sequence[LogLine]) -> int:
        """Append the lines in order, and return their number."""
        if not lines:
            return 0
        return int(
            self._database.value(
                "append_run_logs",
                p_run_id=fence.run_id,
                p_attempt=fence.attempt,
                p_lines=[_row(line) for line in lines],
            )
        )

    def event(self, fence: Fence, *, level: LogLevel, message: str, payload: Mapping[str, Any] | None = None) -> None:
        """Append an event to the run's chain."""
        self._database.call(
            "append_event",
            run_id=fence.run_id,
            level=level,
            message=message,
            payload=payload or {},
            p_attempt=fence.attempt,
        )

    def tail(self, run_id: UUID, *, after_id: int = 0, limit: int = 500) -> Rows:
        """Return the lines after that id, oldest first."""
        return self._database.call("page_run_logs", p_run_id=run_id, p_after_id=after_id, p_limit=limit)

    def runs(self, environment_id: UUID, *, since: datetime) -> Rows:
        """Return the environment's runs since that time, newest first."""
        return self._database.call("list_logged_runs", p_environment_id=environment_id, p_since=since)

    def events(self, run_id: UUID) -> Rows:
        """Return the run's events in order."""
        return self._database.read("run_events", order="seq", run_id=run_id)

    def hint(self, run: Run) -> str | None:
        """Return what a person can do about the failure of the run's last attempt; None if nothing says it."""
        if run.status != "failed":
            return None
        hints = [
            row["payload"][HINT]
            for row in self.events(run.id)
            if row["attempt"] == run.attempt and HINT in row["payload"]
        ]
        return str(hints[-1]) if hints else None

    def result(self, run_id: UUID, name: str) -> dict[str, Any] | None:
        """Return what the run's newest event with a payload of that name has under it; None if there is no such."""
        payloads = [row["payload"] for row in self.events(run_id)]
        return next((dict(payload[name]) for payload in reversed(payloads) if name in payload), None)


class RunLogWriter:
    """Sends a run's lines in batches from its own thread, so that `write` never waits for the database."""

    def __init__(self, control: ControlPlane, fence: Fence) -> None:
        self._logs = control.logs
        self._fence = fence
        self._lines: list[LogLine] = []
        self._dropped = 0
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"run-log-{fence.run_id}", daemon=True)
        self._thread.start()

    def write(self, level: LogLevel, message: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Queue a line with the current time."""
        line = LogLine(level=level, message=message, metadata=metadata or {}, logged_at=datetime.now(UTC))
        with self._lock:
            self._lines.append(line)
            if len(self._lines) > KEPT_LINES:
                del self._lines[0]
                self._dropped += 1

    def close(self) -> None:
        """End the thread and send the remaining lines."""
        self._closing.set()
        self._thread.join()
        self.flush()

    def flush(self) -> None:
        """Send the waiting lines, and return when those that another thread sends are there as well.

        Lines are kept if the database is unavailable, and dropped if the attempt is fenced.
        """
        with self._sending:
            self._send()

    def _work(self) -> None:
        while not self._closing.wait(FLUSH_SECONDS):
            self.flush()

    def _send(self) -> None:
        while batch := self._taken():
            try:
                self._logs.append(self._fence, batch)
            except Fenced:
                return
            except OdooOpsError as exc:
                from odooops_dagster.plain_log import get_logger  # noqa: PLC0415 - who reads logs writes none

                log = get_logger(__name__)
                log.warning("run_log_waits", run_id=str(self._fence.run_id), lines=len(batch), reason=str(exc))
                self._put_back(batch)
                return

    def _taken(self) -> list[LogLine]:
        with self._lock:
            batch, self._lines = self._lines[:BATCH_LINES], self._lines[BATCH_LINES:]
            if self._dropped:
                batch.insert(0, LogLine(level="warn", message=f"{self._dropped} lines were dropped here"))
                self._dropped = 0
            return batch

    def _put_back(self, batch: list[LogLine]) -> None:
        with self._lock:
            self._lines[:0] = batch


def _row(line: LogLine) -> dict[str, Any]:
    return {
        "level": line.level,
        "message": line.message,
        "metadata": dict(line.metadata),
        "logged_at": line.logged_at,
    }
