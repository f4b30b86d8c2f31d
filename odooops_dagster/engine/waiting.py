"""How the ticks of the sensors wait for work: they look often while there is some, and seldom after a quiet minute.

Where they hear announcements, they look hardly ever after it: `announced.py`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator
from itertools import count
from pathlib import Path

from odooops_dagster.local import stopping
from odooops_dagster.local.stack_environment import TICK_TIMEOUT

# How long Dagster waits for a tick where nobody says how long.
_TIMEOUT_SECONDS = 60
# How late a tick that waits for its next look notices that the stack stops, or that a newer tick looks.
_NOTICE_SECONDS = 1.0
# After this time without work, looks get rare.
_QUIET_AFTER_SECONDS = 60.0
# The longest pause of who hears announcements: one that is lost makes work so late.
_REST_SECONDS = 30.0


def longest_wait(timeout_seconds: int) -> float:
    """Return how long a tick may wait for work, half a minute less than Dagster waits for it.

    Dagster evaluates sensors every 5 s; such a tick ends just before an evaluation. A tick costs Dagster dozens of
    statements, a look one. What a tick claims for a daemon that was killed waits for the claim's end.
    """
    return timeout_seconds // 5 * 5 - 31.0


WAIT_SECONDS = longest_wait(int(os.environ.get(TICK_TIMEOUT) or _TIMEOUT_SECONDS))


def _no_rest() -> float:
    return 0.0


class Looks:
    """When the tick of one sensor looks for work; all ticks of a sensor run in one process, the code server.

    Args:
        often: seconds between two looks while there is work, which is the longest delay of what comes then.
        seldom: the same after a quiet minute.
        sensor: the sensor's name.
        glance_seconds: how often a tick that waits has a glance at what nobody announces.
    """

    def __init__(
        self, *, often: float, seldom: float, sensor: str = "", glance_seconds: float = _NOTICE_SECONDS
    ) -> None:
        self._often, self._seldom, self._glance_seconds = often, seldom, glance_seconds
        self._changed = threading.Condition()
        self._bells = 0
        self._worked_at = time.monotonic()
        self._ticks = count(1)
        self._newest = 0
        if sensor:
            _looks_of[sensor] = self

    def until(
        self,
        wait_seconds: float,
        *,
        home: Path,
        rest: Callable[[], float] = _no_rest,
        glance: Callable[[], object] = lambda: None,
    ) -> Iterator[None]:
        """Yield at each look until the time is over, the stack stops, or a newer tick of the sensor looks.

        An older tick then belongs to a daemon that has ended: nobody would read its answer.

        Args:
            wait_seconds: the time.
            home: the state folder.
            rest: asked after a quiet minute for how many seconds nothing is to be seen without being announced.
            glance: asked while it waits; whatever is true ends the pause.
        """
        tick = self._newest = next(self._ticks)
        deadline = time.monotonic() + wait_seconds
        while self._is_wanted(tick, home):
            heard = self._bells
            yield
            if time.monotonic() >= deadline:
                return
            self._wait(min(deadline, time.monotonic() + self._pause(rest)), tick, home, heard, glance)

    def note_work(self, *, is_new: bool = False) -> None:
        """Look often from now on; look now if the work is new."""
        self._worked_at = time.monotonic()
        if is_new:
            self.ring()

    def ring(self) -> None:
        """Look now."""
        with self._changed:
            self._bells += 1
            self._changed.notify_all()

    def end(self) -> None:
        """End the tick that waits."""
        self._newest = next(self._ticks)
        self.ring()

    def _is_wanted(self, tick: int, home: Path) -> bool:
        return self._newest == tick and not stopping.is_announced(home)

    def _wait(self, end: float, tick: int, home: Path, heard: int, glance: Callable[[], object]) -> None:
        """Wait until the bell rings that had rung so often before the look."""
        while (remaining := end - time.monotonic()) > 0 and self._is_wanted(tick, home):
            with self._changed:
                is_rung = self._changed.wait_for(lambda: self._bells != heard, min(remaining, self._glance_seconds))
            if is_rung or glance():
                return

    def _pause(self, rest: Callable[[], float]) -> float:
        if time.monotonic() - self._worked_at <= _QUIET_AFTER_SECONDS:
            return self._often
        return max(self._seldom, min(rest(), _REST_SECONDS))


_looks_of: dict[str, Looks] = {}


def end_ticks(sensors: Collection[str]) -> None:
    """End the waiting ticks of these sensors, which somebody has switched off."""
    for sensor in sensors:
        if sensor in _looks_of:
            _looks_of[sensor].end()


# The looks at the queue: who queues runs in this process says so. The router announces nothing.
queue_looks = Looks(sensor="ops_queue", often=0.12, seldom=0.4, glance_seconds=0.4)
# The looks for requests to cancel: who claims runs in this process says that there is something to cancel.
cancel_looks = Looks(sensor="cancellations", often=1.0, seldom=5.0)
# The looks for pushes; each costs a query of a millisecond.
push_looks = Looks(sensor="github_pushes", often=0.5, seldom=1.0)
# The looks for messages, which may be late by these seconds.
message_looks = Looks(sensor="outbox", often=1.0, seldom=5.0)
# The looks for what a crash left different.
repair_looks = Looks(sensor="reconciler", often=10.0, seldom=10.0)
