"""A line now and then while a command has nothing to print, so that its terminal shows that it still works."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from odooops_dagster.doors.cli.output import hear, note, unhear

# A person who sees nothing for five seconds asks what is wrong.
QUIET_SECONDS = 4.0
_LOOK_SECONDS = 0.25
_LONGEST_LINE = 100


@contextmanager
def patience(*, longest_seconds: float = QUIET_SECONDS) -> Iterator[Patience]:
    """Tell on stderr that the command still works, whenever it has printed nothing for some seconds.

    Args:
        longest_seconds: each further line comes after twice the time, up to this one.
    """
    watch = Patience(longest_seconds=longest_seconds)
    watch.start()
    try:
        yield watch
    finally:
        watch.end()


class Patience:
    """Watches what the command prints, in a thread of its own, until its end."""

    def __init__(self, *, longest_seconds: float = QUIET_SECONDS) -> None:
        self._longest = longest_seconds
        self._ended = threading.Event()
        self._heard = ("", time.monotonic())
        self._thread = threading.Thread(target=self._watch, name="patience", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        hear(self._hear)
        self._thread.start()

    def end(self) -> None:
        """Watch no longer, and return when the thread is gone; a second call changes nothing."""
        self._ended.set()
        unhear(self._hear)
        self._thread.join()

    def _hear(self, text: str) -> None:
        if threading.current_thread() is not self._thread:
            self._heard = (text, time.monotonic())

    def _watch(self) -> None:
        # They are the main thread's: one that came here while that becomes another program would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        heard, pause, told_at = self._heard, QUIET_SECONDS, 0.0
        while not self._ended.wait(_LOOK_SECONDS):
            if heard is not self._heard:
                heard, pause = self._heard, QUIET_SECONDS
            text, spoke_at = heard
            if time.monotonic() - max(spoke_at, told_at) >= pause:
                told_at, pause = time.monotonic(), min(pause * 2, self._longest)
                note(waiting_line(text, seconds=told_at - spoke_at))


def waiting_line(last: str, *, seconds: float) -> str:
    """Return the line that tells how long the last one was ago."""
    words = " ".join(last.split())
    short = f"{words[:_LONGEST_LINE]}…" if len(words) > _LONGEST_LINE else words
    return (
        f"    … still working, {seconds:.0f} s after: {short}" if short else f"    … still working for {seconds:.0f} s"
    )
