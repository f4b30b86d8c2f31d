"""Requests that are lost while a push takes over a preview: asked all the time through the router, by its host name.

One platform, one preview of base and one module (small) or of sales, CRM and stock. Each round pushes a change of the
module; meanwhile `--per-second` requests a second go to the environment, each on a connection of its own: Odoo's health
page, and every tenth its login page, which asks the database. A request is lost if its answer is none of 200, or none.
"""

from __future__ import annotations

import sys

if sys.path[0].endswith("bench"):
    # Run as a script: this folder would hide the standard library's `queue` from every module that wants it.
    sys.path[0] = sys.path[0].removesuffix("bench").rstrip("/") or "."

import argparse
import asyncio
import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bench.closures import REALISTIC, SMALL, Closure
from bench.preview import CACHE
from odooops_dagster.model import Environment
from tests.acceptance.platform import SERIES, Platform, platform
from tests.acceptance.repository import Repository

SLUG = "bench"
BRANCH = "feature/switch"
GOAL_LOST = 0
LONGEST_SECONDS = 60.0


@dataclass
class Visitors:
    """Many who ask at a steady rate, and what they were answered."""

    url: str
    per_second: float
    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def lost(self) -> int:
        """Return how many got no good answer."""
        return sum(count for told, count in self.answers.items() if told != "200")

    async def ask(self, ended: threading.Event) -> None:
        """Ask until it is over, whatever the answers take."""
        tasks: set[asyncio.Task[None]] = set()
        number, started = 0, time.monotonic()
        while not ended.is_set():
            task = asyncio.create_task(self._one("/web/login" if number % 10 == 0 else "/web/health"))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
            await asyncio.sleep(max(0.0, started + number / self.per_second - time.monotonic()))
        await asyncio.gather(*tasks)

    async def _one(self, path: str) -> None:
        place, started = urlsplit(self.url), time.monotonic()
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n".encode())
                first = await reader.readline()
                await reader.read()
                writer.close()
            self.answers[first.split()[1].decode() if first else "nothing"] += 1
        except (OSError, TimeoutError) as exc:
            self.answers[type(exc).__name__] += 1
        self.seconds.append(time.monotonic() - started)


@contextmanager
def visiting(url: str, *, per_second: float) -> Iterator[Visitors]:
    """Let visitors ask during the block."""
    visitors, ended = Visitors(url, per_second), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(visitors.ask(ended)))
    thread.start()
    try:
        yield visitors
    finally:
        ended.set()
        thread.join()


def main() -> None:
    """Measure and print."""
    options = _options()
    closure = SMALL if options.small else REALISTIC
    measured: list[Visitors] = []
    with platform("switch", ODOOOPS_CACHE=str(CACHE)) as running, _preview(running, closure) as repository:
        for number in range(options.rounds):
            measured.append(_round(running, repository, closure, number, per_second=options.per_second))
            _print(number, measured[-1])
    lost, asked = sum(each.lost() for each in measured), sum(len(each.seconds) for each in measured)
    print(f"{lost} of {asked} requests were lost (goal: {GOAL_LOST})")
    if options.json:
        told = {"rounds": options.rounds, "asked": asked, "lost": lost, "answers": [each.answers for each in measured]}
        options.json.write_text(json.dumps(told, indent=2) + "\n")


def _round(running: Platform, repository: Repository, closure: Closure, number: int, *, per_second: float) -> Visitors:
    closure.change(repository, number)
    with visiting(str(_environment(running).url), per_second=per_second) as visitors:
        time.sleep(2)
        _deploy(running, repository)
        time.sleep(2)
    return visitors


def _environment(running: Platform) -> Environment:
    with running.control() as control:
        return control.environments.get(f"{SLUG}/{BRANCH}")


def _deploy(running: Platform, repository: Repository) -> None:
    run = running.ended(running.run_of(SLUG, repository.push(BRANCH)))
    if run.status != "succeeded":
        raise SystemExit(f"run #{run.run_number} {run.status}: {run.error_message}\n{running.said(run)}")


@contextmanager
def _preview(running: Platform, closure: Closure) -> Iterator[Repository]:
    repository = Repository(running.home / "bench")
    closure.fill(repository)
    with running.control() as control:
        control.projects.create(SLUG, repo_url=str(repository.origin), odoo_version=SERIES)
    _deploy(running, repository)
    yield repository


def _print(number: int, visitors: Visitors) -> None:
    median, worst = statistics.median(visitors.seconds), max(visitors.seconds)
    told = ", ".join(f"{count} x {what}" for what, count in sorted(visitors.answers.items()))
    print(f"push {number + 1}: {told}; median {median * 1000:.0f} ms, longest {worst:.2f} s", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="base, web and one module")
    parser.add_argument("--rounds", type=int, default=10, help="pushes [10]")
    parser.add_argument("--per-second", type=float, default=50, help="requests a second [50]")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
