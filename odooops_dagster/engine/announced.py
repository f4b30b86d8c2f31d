"""Announcements of work, heard by the process whose ticks wait for it: it asks for nothing while nothing happens.

SQL announces in the transaction that makes work (`ops_private.announce_rows`). What is lost with a connection is found
by the next look; until a new connection has proved that it hears others, looks are as frequent as without it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from math import inf
from pathlib import Path
from uuid import uuid4

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.work import Ahead
from odooops_dagster.engine.waiting import Looks, cancel_looks, message_looks, push_looks, queue_looks, repair_looks
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.local import stopping
from odooops_dagster.settings import Settings

# Who looks when a word is announced.
_HEARERS: Mapping[str, Sequence[Looks]] = {
    "runs": (queue_looks, cancel_looks, repair_looks),
    "pushes": (push_looks,),
    "messages": (message_looks,),
}
# How long the listener waits before it connects again.
_AGAIN_SECONDS = 5.0
# How often it notices in silence that the stack stops.
_PAUSE_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Listener:
    """A thread that rings for what is announced, while it has proved that it hears what others announce."""

    def __init__(self, hearers: Mapping[str, Sequence[Looks]], *, again_seconds: float = _AGAIN_SECONDS) -> None:
        self._hearers = hearers
        self._again_seconds = again_seconds
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._proof = ""
        self.hears = False

    def start(self, control: ControlPlane, home: Path) -> None:
        """Listen from now on, until the stack stops; a repeat changes nothing."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._live, args=(control, home), name="ops-listener", daemon=True
                )
                self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Return whether it listens, or tries to."""
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """Listen no longer, from the next announcement or pause on."""
        self._closed.set()

    def _live(self, control: ControlPlane, home: Path) -> None:
        while not self._closed.is_set() and not stopping.is_announced(home):
            try:
                self._listen(control, home)
            except OdooOpsError as exc:
                _log.warning("announcements of work are not heard, looks are frequent: %s", exc)
            finally:
                self.hears = False
                self._ring(self._hearers)
            self._closed.wait(self._again_seconds)

    def _listen(self, control: ControlPlane, home: Path) -> None:
        self._proof = ""
        for word in control.work.announcements(pause_seconds=_PAUSE_SECONDS):
            if self._closed.is_set() or stopping.is_announced(home):
                return
            if word is None:
                self._prove(control)
            elif word == self._proof:
                # What was announced while nobody listened is seen now.
                self.hears = True
                self._ring(self._hearers)
            else:
                self._ring({word: self._hearers.get(word, ())})

    def _prove(self, control: ControlPlane) -> None:
        """Announce a word of our own over another connection; behind a pooler of transactions it never comes."""
        if not self._proof:
            self._proof = str(uuid4())
            control.work.announce(self._proof)

    def _ring(self, hearers: Mapping[str, Sequence[Looks]]) -> None:
        for looks in (each for hearing in hearers.values() for each in hearing):
            looks.ring()


_listener = Listener(_HEARERS)


def rest_from_runs(control: ControlPlane, settings: Settings) -> Callable[[], float]:
    """Return what says how long no run can start or end unannounced: not a moment while one is unfinished."""
    return lambda: inf if _hears(control, settings) and not _ahead(control, settings).has_runs else 0.0


def rest_from_pushes(control: ControlPlane, settings: Settings) -> Callable[[], float]:
    """Return what says how long no repository is due, and no delivery waits."""
    return lambda: _seconds(_ahead(control, settings).poll_in_seconds) if _hears(control, settings) else 0.0


def rest_from_messages(control: ControlPlane, settings: Settings) -> Callable[[], float]:
    """Return what says how long no message is due."""
    return lambda: _seconds(_ahead(control, settings).message_in_seconds) if _hears(control, settings) else 0.0


def _hears(control: ControlPlane, settings: Settings) -> bool:
    _listener.start(control, settings.home)
    return _listener.hears


def _ahead(control: ControlPlane, settings: Settings) -> Ahead:
    return control.work.ahead(poll_seconds=settings.poll_seconds)


def _seconds(due: float | None) -> float:
    return inf if due is None else due
