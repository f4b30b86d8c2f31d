"""How far work on many bytes has come: said now and then, in lines that people and programs read."""

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
    """Takes every step of the work and writes a line to the run's log at most every two seconds."""

    def __init__(self, logs: Logs, fence: Fence, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._logs = logs
        self._fence = fence
        self._clock = clock
        self._what = ""
        self._last = (0.0, 0)

    def __call__(self, what: str, done: int, whole: int | None) -> None:
        """Note that so many bytes of the whole are done."""
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
            return  # the work is worth more than the word of it; a lost lease ends the run in another way


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How many bytes of the whole are done, and how fast; the whole is None while nobody knows it."""

    what: str
    done: int
    whole: int | None
    bytes_per_second: float

    def __str__(self) -> str:
        of_whole = f" of {size_text(self.whole)}" if self.whole else ""
        return f"{self.what}: {size_text(self.done)}{of_whole}, {size_text(int(self.bytes_per_second))}/s"

    def to_row(self) -> dict[str, Any]:
        """Return what the log line carries."""
        return {"what": self.what, "done": self.done, "whole": self.whole, "rate": round(self.bytes_per_second)}
