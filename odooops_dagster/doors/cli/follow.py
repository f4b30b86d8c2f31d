"""Print a run's log while the run works."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.lookup import name_of
from odooops_dagster.doors.cli.output import needs_ascii, note, say
from odooops_dagster.doors.cli.patience import patience
from odooops_dagster.doors.cli.progress import bars
from odooops_dagster.model import FINISHED, Run

if TYPE_CHECKING:
    from odooops_dagster.tools.backup.parallel import Progress
    from odooops_dagster.tools.runtime import Runtime

POLL_SECONDS = 0.5
LINES_AT_ONCE = 500
# A run may wait for its turn for an hour.
_LONGEST_PAUSE_SECONDS = 60.0

# Receives a line of a run's log, as ops.page_run_logs returns it.
Show = Callable[[dict[str, Any]], None]


def follow(control: ControlPlane, run: Run, *, as_json: bool = False, show: Show | None = None) -> Run:
    """Print the run's lines, or pass them to `show`, until the run has ended; return the ended run."""
    if show is None and not as_json:
        with patience(longest_seconds=_LONGEST_PAUSE_SECONDS):
            return follow(control, run, show=print_line)
    show = show or partial(print_line, as_json=as_json)
    after_id = 0
    while True:
        run = control.runs.get(run.id)  # read before the lines, so that no line written before the end is missed
        for line in lines_after(control, run, after_id):
            after_id = line["id"]
            show(line)
        if run.status in FINISHED:
            return run
        time.sleep(POLL_SECONDS)


def follow_bytes(control: ControlPlane, run: Run) -> Run:
    """Follow the run with a progress bar for work on many bytes; lines and bars go to stderr, stdout has the result."""
    with bars() as progress:
        return follow(control, run, show=partial(_show, progress))


def lines_after(control: ControlPlane, run: Run, after_id: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the run's lines after the one with this id, oldest first."""
    while lines := control.logs.tail(run.id, after_id=after_id, limit=LINES_AT_ONCE):
        yield from lines
        after_id = lines[-1]["id"]


def new_lines(runtime: Runtime, service: str, *, tail: int) -> Iterator[str]:
    """Yield the last lines of a service's log, and each later one as it is written, without an end."""
    seen: list[str] = []
    while True:
        lines = runtime.logs(service, tail=max(tail, LINES_AT_ONCE))
        yield from _after(seen, lines) if seen else lines[-tail:]
        seen = lines
        time.sleep(POLL_SECONDS)


def _after(seen: list[str], lines: list[str]) -> list[str]:
    """Return what the lines have after those that were seen: the longest end of the one that begins the other."""
    overlap = next((n for n in range(min(len(seen), len(lines)), 0, -1) if seen[-n:] == lines[:n]), 0)
    return lines[overlap:]


def print_line(line: dict[str, Any], *, as_json: bool = False, err: bool = False) -> None:
    """Print one line of a log, as text or as one JSON object, on stdout or stderr."""
    if as_json:
        say(json.dumps(line, default=str, ensure_ascii=needs_ascii()), err=err)
        return
    at = line["timestamp"].astimezone().strftime("%H:%M:%S")
    say(f"{at} {line['level']:<5} {line['message']}", err=err)


def _show(progress: Progress, line: dict[str, Any]) -> None:
    from odooops_dagster.control.logs import PROGRESS

    reading = line["metadata"].get(PROGRESS)
    if reading is None:
        print_line(line, err=True)
    else:
        progress(reading["what"], reading["done"], reading["whole"])


def finish(run: Run) -> None:
    """Print how the run ended; exit with status 1 if it did not succeed."""
    reason = f": {run.error_message}" if run.error_message else ""
    note(f"run {name_of(run)} {run.status}{reason}")
    if run.status != "succeeded":
        raise typer.Exit(1)
