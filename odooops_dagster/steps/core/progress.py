"""Progress of work on many bytes, as log lines for people and programs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from odooops_dagster.control.logs import PROGRESS, Logs
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Fence, LogLine
from odooops_dagster.wording import size_text

EVERY_SECONDS = 2.0


class Meter:
    """Receives every progress step and writes a line to the run's log at most every two seconds."""

    def __init__(self, logs: Logs, fence: Fence, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._logs = logs
        self._fence = fence
        self._clock = clock
        self._what = ""
        self._last = (0.0, 0)

    def __call__(self, what: str, done: int, whole: int | None) -> None:
        """Record how many bytes of the whole are done."""
        now = self._clock()
        if what != self._what:
            self._what, self._last = what, (now, done)
            return
        since, before = self._last
        if now - since >= EVERY_SECONDS:
            self._last = (now, done)
            self._write(Reading(what=what, done=done, whole=whole, bytes_per_second=(done - before) / (now - since)))

    def _write(self, reading: Reading) -> None:
        line = LogLine(level="debug", message=str(reading), metadata={PROGRESS: reading.to_row()})
        try:
            self._logs.append(self._fence, [line])
        except OdooOpsError:
            return  # a lost progress line must not stop the work; a lost lease ends the run elsewhere


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The bytes done, the bytes in total (None if unknown), and the rate."""

    what: str
    done: int
    whole: int | None
    bytes_per_second: float

    def __str__(self) -> str:
        of_whole = f" of {size_text(self.whole)}" if self.whole else ""
        return f"{self.what}: {size_text(self.done)}{of_whole}, {size_text(int(self.bytes_per_second))}/s"

    def to_row(self) -> dict[str, Any]:
        """Return the log line's metadata."""
        return {"what": self.what, "done": self.done, "whole": self.whole, "rate": round(self.bytes_per_second)}
