"""Reads the last lines of a rotated log."""

from __future__ import annotations

import os
from pathlib import Path

_BLOCK = 64 * 1024


def tail_of(path: Path, *, lines: int) -> list[str]:
    """Return the last lines of the log, oldest first, including lines of the rotated file if the log is short."""
    found = _last_lines(path, lines)
    if len(found) < lines:
        found = _last_lines(path.with_name(f"{path.name}.1"), lines - len(found)) + found
    return found


def _last_lines(path: Path, lines: int) -> list[str]:
    if lines < 1 or not path.exists():
        return []
    with path.open("rb") as stream:
        position = stream.seek(0, os.SEEK_END)
        data = b""
        while position > 0 and data.count(b"\n") <= lines:
            start = max(0, position - _BLOCK)
            stream.seek(start)
            data = stream.read(position - start) + data
            position = start
    return data.decode("utf-8", errors="replace").splitlines()[-lines:]
