"""Copies the output of a job to its log and to its caller, line by line, while the job runs."""

from __future__ import annotations

import codecs
import selectors
import time
from typing import BinaryIO, Protocol

from odooops_dagster.tools.runtime import EndIf, OnLine

# A longer line is cut here, in characters, so that a program cannot fill our memory.
_LONGEST_LINE = 64 * 1024
# How often a caller is asked whether the job must end, and the most of our time that its answers may take.
_ASK_SECONDS = 5.0
_ASK_SHARE = 0.05


class Source(Protocol):
    """Where the output of a job comes from."""

    def fileno(self) -> int:
        """Return the descriptor to wait for."""

    def read(self) -> bytes:
        """Return what was written, at once when the descriptor is ready; nothing at the end."""

    def has_ended(self) -> bool:
        """Return whether nothing more is to be waited for."""


class Asked:
    """Asks whether the job must end, from time to time: an answer that takes long is asked for less often."""

    def __init__(self, end_if: EndIf | None) -> None:
        self._end_if = end_if
        self._next = time.monotonic() + _ASK_SECONDS
        self.reason = ""

    def must_end(self) -> bool:
        """Return whether there is a reason now."""
        now = time.monotonic()
        if self._end_if is not None and not self.reason and now >= self._next:
            self.reason = self._end_if()
            took = time.monotonic() - now
            self._next = now + took + max(_ASK_SECONDS, took / _ASK_SHARE)
            return bool(self.reason)
        return False


class Output:
    """Copies the output of a job while it runs."""

    def __init__(self, source: Source, *, log: BinaryIO, lines: Lines, most_bytes: int, asked: Asked) -> None:
        self._source = source
        self._log = log
        self._lines = lines
        self._room = most_bytes
        self._asked = asked
        self.overflowed = False

    def copy(self, *, until: float) -> bool:
        """Copy until the output ends, becomes too much or the job must end; return False if the time is over first.

        What comes after too much is read and dropped, until the job has ended.
        """
        had_room = not self.overflowed
        with selectors.DefaultSelector() as selector:
            selector.register(self._source.fileno(), selectors.EVENT_READ)
            while (remaining := until - time.monotonic()) > 0:
                if selector.select(min(remaining, 1.0)):
                    if not self._copy_some() or (had_room and self.overflowed):
                        return True
                elif self._source.has_ended():
                    return True
                if self._asked.must_end():
                    return True
        return False

    def _copy_some(self) -> bool:
        chunk = self._source.read()
        if not self.overflowed:
            self._keep(chunk[: self._room])
            self._room -= len(chunk)
            self.overflowed = self._room < 0
        return bool(chunk)

    def _keep(self, chunk: bytes) -> None:
        self._log.write(chunk)
        self._log.flush()
        self._lines.feed(chunk)

    def close(self) -> None:
        """Deliver an unfinished last line."""
        self._lines.close()


class Lines:
    """Splits bytes into lines of text."""

    def __init__(self, on_line: OnLine | None) -> None:
        self._on_line = on_line
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def feed(self, chunk: bytes) -> None:
        """Deliver every complete line."""
        if self._on_line is None:
            return
        *lines, self._rest = (self._rest + self._decoder.decode(chunk)).split("\n")
        for line in lines:
            self._on_line(line.rstrip("\r"))
        if len(self._rest) > _LONGEST_LINE:
            self._on_line(self._rest)
            self._rest = ""

    def close(self) -> None:
        """Deliver the rest."""
        if self._on_line is not None and self._rest:
            self._on_line(self._rest)
        self._rest = ""
