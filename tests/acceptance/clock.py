"""What a terminal shows and when: pass lines on, keep each with its time, and find where nothing was printed.

As a program: `COMMAND 2>&1 | python3 tests/acceptance/clock.py FILE` prints the lines as they come, keeps them with the
seconds since the start in the file, and ends with the longest silences.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_SHOWN = 5


class Line(NamedTuple):
    """A line and the seconds since the start when it came."""

    at: float
    text: str


class Silence(NamedTuple):
    """The seconds for which nothing was printed, and the line before, empty for the start."""

    seconds: float
    after: str


def clocked(lines: Iterable[str]) -> Iterator[Line]:
    """Yield each line with the seconds since the first look."""
    started = time.monotonic()
    for line in lines:
        yield Line(time.monotonic() - started, line.rstrip("\n"))


def silences(lines: Iterable[Line]) -> list[Silence]:
    """Return the silences before each line, the longest first."""
    before, found = Line(0.0, ""), []
    for line in lines:
        found.append(Silence(line.at - before.at, before.text))
        before = line
    return sorted(found, reverse=True)


def read(file: Path) -> list[Line]:
    """Return the lines that were kept in the file."""
    kept = (line.partition(" ") for line in file.read_text().splitlines())
    return [Line(float(at), text) for at, _, text in kept]


def main(file: Path) -> None:
    """Pass on what comes in, and keep it in the file."""
    seen = []
    with file.open("w") as kept:
        for line in clocked(sys.stdin):
            print(line.text, flush=True)
            print(f"{line.at:.2f} {line.text}", file=kept, flush=True)
            seen.append(line)
    for silence in silences(seen)[:_SHOWN]:
        print(f"silent for {silence.seconds:.1f} s after: {silence.after}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
