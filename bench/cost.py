"""What a program costs: the time until it ends, and the memory that it and the programs it starts take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOOK_EVERY_SECONDS = 0.1
WORDS_SHOWN = 2000


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One program's run."""

    seconds: float
    memory_mb: float
    # What it told of itself, where it is one of ours.
    told: Mapping[str, Any] = field(default_factory=dict)


class Failed(Exception):
    """A program ended with anything but 0."""


def measure(
    argv: Sequence[str | Path], *, folder: Path, env: Mapping[str, str] | None = None, question: object = None
) -> Cost:
    """Run a program to its end; `question` is sent to it as JSON, and what it answers is read as JSON.

    Raises:
        Failed: with its last words.
    """
    log = folder / "words.log"
    started = time.monotonic()
    with log.open("wb") as words:
        process = subprocess.Popen(
            argv, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words
        )
        with _watching(process.pid) as peaks:
            answer, _ = process.communicate(b"" if question is None else json.dumps(question).encode())
    seconds = time.monotonic() - started
    if process.returncode:
        raise Failed(f"{argv[0]} ended with {process.returncode}: {log.read_text(errors='replace')[-WORDS_SHOWN:]}")
    told = {} if question is None else json.loads(answer)
    return Cost(seconds=seconds, memory_mb=sum(peaks.values()) / 1024, told=told)


def ours(verb: str, question: Mapping[str, object], *, folder: Path) -> Cost:
    """Run one of our own verbs, as a program like the others."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return measure([sys.executable, "-m", "bench.ours", verb], folder=folder, env=environment, question=question)


@contextmanager
def _watching(pid: int) -> Iterator[dict[int, int]]:
    """Yield the peak of every process of the family in KiB, as the kernel keeps it; looked at over and over."""
    peaks: dict[int, int] = {}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_EVERY_SECONDS):
            for member in _family(pid):
                peaks[member] = max(_peak(member), peaks.get(member, 0))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in children.read_text().split():
                yield from _family(int(child))
        except OSError:
            continue  # it has ended


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
