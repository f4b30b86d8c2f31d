"""The life of a job, queued, claimed, started and ended, against other queues on the same server in one run."""

from __future__ import annotations

import sys

if sys.path[0].endswith("bench"):
    # Run as a script: this folder would hide the standard library's `queue` from every module that wants it.
    sys.path[0] = sys.path[0].removesuffix("bench").rstrip("/") or "."

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg

from bench.peers import Queue, node, ops, procrastinate
from bench.report import Sample, print_table, summary
from bench.server import Server, throwaway_server
from bench.workers import Crew, Phase, Task, crew

# Jobs of one queue before the next one has its turn: a fraction of a second.
SLICE = 50

Queues = dict[str, tuple[Queue, str]]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How many workers drain, and how many jobs a claim takes."""

    workers: int
    batch: int = 1

    def __str__(self) -> str:
        return f"W={self.workers}" + (f" batch {self.batch}" if self.batch > 1 else "")


def main() -> None:
    """Measure and print."""
    options = _options()
    settings = [Setting(workers=workers) for workers in options.workers]
    if not options.no_batch:
        settings.append(Setting(workers=1, batch=node.BATCH))
    with ExitStack() as stack:
        server = (
            stack.enter_context(throwaway_server(bin_dir=options.bin_dir)) if not options.url else Server(options.url)
        )
        queues = _queues(server, history=options.history, only=options.only)
        staff = stack.enter_context(crew(queues, workers=max(setting.workers for setting in settings)))
        samples = list(_measure(staff, queues, settings, rounds=options.rounds, jobs=options.jobs))
        version = server.version()
    print(f"PostgreSQL {version}, {options.rounds} interleaved rounds of {options.jobs} jobs, medians")
    print_table(samples)
    if options.json:
        report = summary(samples) | {"postgres": version, "rounds": options.rounds, "jobs": options.jobs}
        options.json.write_text(json.dumps(report, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.queue", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="rounds per setting")
    parser.add_argument("--jobs", type=int, default=400, help="jobs per queue and round")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 8], help="worker processes")
    parser.add_argument("--no-batch", action="store_true", help="leave out the batch claims")
    parser.add_argument("--history", type=int, default=0, help="also measure beside this many finished runs")
    parser.add_argument("--only", nargs="+", default=[], help="queues to measure; all when left out")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--bin-dir", type=Path, help="programs of another PostgreSQL than the embedded one")
    parser.add_argument("--url", help="superuser URL of a running server to use instead")
    return parser.parse_args()


def _queues(server: Server, *, history: int, only: Sequence[str]) -> Queues:
    makers: dict[str, Callable[[str], Queue]] = {
        "ops": ops.create,
        "ops pipelined": lambda url: ops.create(url, queue=ops.Pipelined),
        "ops fused": lambda url: ops.create(url, queue=ops.Fused),
        "ops, finished runs": lambda url: ops.create(url, finished=history),
        "procrastinate": procrastinate.create,
        "pg-boss": node.pg_boss,
        "graphile-worker": node.graphile_worker,
    }
    if not history:
        del makers["ops, finished runs"]
    queues: Queues = {}
    for number, (name, make) in enumerate(makers.items()):
        if not only or name in only:
            url = server.create(f"bench_{number}")
            try:
                queues[name] = (make(url), url)
            except node.Unavailable as exc:
                print(f"{name} left out: {exc}", file=sys.stderr)
    return queues


def _measure(staff: Crew, queues: Queues, settings: Sequence[Setting], *, rounds: int, jobs: int) -> Iterator[Sample]:
    """Warm up, then measure round after round."""
    order = random.Random(0)  # noqa: S311  # an order, not a secret
    for number in range(rounds + 1):
        for setting in settings:
            names = [name for name, (queue, _) in queues.items() if setting.batch == 1 or queue.batches]
            samples = _round(staff, {name: queues[name] for name in names}, setting, jobs=jobs, order=order)
            if number:
                yield from samples


def _round(staff: Crew, queues: Queues, setting: Setting, *, jobs: int, order: random.Random) -> list[Sample]:
    """Queue the jobs and drain them, a slice of each queue in turn: what else the machine does falls on all alike."""
    for queue, url in queues.values():
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"vacuum {', '.join(queue.tables)}".encode())
    phases = {what: _slices(staff, queues, setting, what, jobs=jobs, order=order) for what in ("put", "drain")}
    return [
        Sample(
            setting=str(setting),
            queue=name,
            put=phases["put"][name].rate,
            drain=phases["drain"][name].rate,
            claim=None if isinstance(queue, ops.Pipelined) else phases["drain"][name].claim_rate,
        )
        for name, (queue, _) in queues.items()
    ]


def _slices(
    staff: Crew, queues: Queues, setting: Setting, what: Literal["put", "drain"], *, jobs: int, order: random.Random
) -> dict[str, Phase]:
    size = SLICE if setting.batch == 1 else 4 * setting.batch
    totals = {name: Phase(jobs=0, seconds=0, claiming=0) for name in queues}
    for first in range(0, jobs, size):
        for name in order.sample(list(queues), len(queues)):
            task = Task(queue=name, what=what, batch=setting.batch)
            totals[name] += staff.run(task, first=first, count=min(size, jobs - first), workers=setting.workers)
    for name, (queue, url) in queues.items():
        with psycopg.connect(url, autocommit=True) as connection:
            left = queue.unfinished(connection)
        if totals[name].jobs != jobs or left != (jobs if what == "put" else 0):
            raise SystemExit(f"{name}, {what}: {totals[name].jobs} of {jobs} done, {left} unfinished")
    return totals


if __name__ == "__main__":
    main()
