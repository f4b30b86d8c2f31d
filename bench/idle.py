"""What a platform takes from the machine while nothing happens: CPU, memory and new connections.

Measured with no environment and with as many previews as `--previews` says, each time over `--seconds`. A process
counts with the CPU of the children that it has outlived; memory is shared out among those who share it (PSS).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import psycopg

from bench.closures import SMALL
from odooops_dagster.local.postgres import database_urls
from tests.acceptance.platform import SERIES, Platform, platform
from tests.acceptance.repository import Repository

SLUG = "bench"
ODOOS = "odoo"
GOALS = {"core": 0.02, "megabytes": 450}
# A word of a process's command line and the program that it tells; the first that fits counts.
PROGRAMS = {
    "odoo-server": ODOOS,
    "dagster._daemon": "daemon",
    "dagster api grpc": "code",
    "odooops_dagster.doors.ui": "webserver",
    "odooops_dagster.doors.http": "gateway",
    "odooops_dagster.doors.router": "router",
    "odooops_dagster.engine.fork_server": "runs",
    "odooops_dagster.tools.runtime.process": "environments",
    "tools/runtime/launch.py": "launchers",
    "odooops_dagster.local.watch": "watch",
    "supervisord": "supervisor",
}
SETTLE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Idle:
    """What one stretch of time took, per program and of the database servers."""

    previews: int
    seconds: float
    cores: Mapping[str, float]
    megabytes: Mapping[str, float]
    connections_per_minute: float
    transactions_per_minute: float

    def own(self) -> dict[str, float]:
        """Return what the platform's own programs take, without the Odoos."""
        named = {"core": self.cores, "megabytes": self.megabytes}
        return {
            what: sum(value for program, value in values.items() if program != ODOOS) for what, values in named.items()
        }


def main() -> None:
    """Measure and print."""
    options = _options()
    measured: list[Idle] = []
    with platform("idle", ODOOOPS_POLL_SECONDS="30") as running, project_of(running) as repository:
        deployed = 0
        for previews in options.previews:
            deploy_previews(running, repository, range(deployed, previews))
            deployed = max(deployed, previews)
            time.sleep(options.settle)
            measured.append(measure(running, previews=previews, seconds=options.seconds))
            _print(measured[-1])
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in measured], indent=2) + "\n")


def measure(running: Platform, *, previews: int, seconds: float) -> Idle:
    """Look at every process and at the servers twice, with so many seconds between."""
    before, counted, started = _cpu(running), _server(running), time.monotonic()
    time.sleep(seconds)
    after, counted_after, passed = _cpu(running), _server(running), time.monotonic() - started
    cores: dict[str, float] = defaultdict(float)
    for key, (program, spent) in after.items():
        cores[program] += (spent - before.get(key, ("", 0.0))[1]) / passed
    minutes = passed / 60
    return Idle(
        previews=previews,
        seconds=passed,
        cores=dict(cores),
        megabytes=memory_of(running),
        connections_per_minute=(counted_after["sessions"] - counted["sessions"]) / minutes,
        transactions_per_minute=(counted_after["transactions"] - counted["transactions"]) / minutes,
    )


def _cpu(running: Platform) -> dict[tuple[int, float], tuple[str, float]]:
    """Return each process's program and the seconds that it and its ended children have computed."""
    found = {}
    for program, process in _processes(running):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        found[process.pid, process.create_time()] = program, sum(times[:4])
    return found


def memory_of(running: Platform) -> dict[str, float]:
    """Return the megabytes of each program, shared out among those who share them."""
    found: dict[str, float] = defaultdict(float)
    for program, process in _processes(running):
        try:
            found[program] += process.memory_full_info().pss / 1e6
        except psutil.Error:
            continue
    return dict(found)


def _processes(running: Platform) -> Iterator[tuple[str, psutil.Process]]:
    """Yield every process of the platform and the program that it belongs to."""
    seen = set()
    for root in running.processes():
        try:
            family = [root, *root.children(recursive=True)]
        except psutil.Error:
            continue
        for process in family:
            if process.pid not in seen:
                seen.add(process.pid)
                yield _program(process), process


def _program(process: psutil.Process) -> str:
    try:
        words = " ".join(process.cmdline())
        if process.name() == "postgres":  # works in its cluster's folder
            return Path(process.cwd()).parent.name
    except psutil.Error:
        return "ended"
    return next((program for word, program in PROGRAMS.items() if word in words), "other")


def _server(running: Platform) -> dict[str, int]:
    asked = "select sum(sessions)::int, sum(xact_commit + xact_rollback)::int from pg_stat_database"
    found = []
    for url in (database_urls(running.settings).owner, database_urls(running.settings).odoo):
        with psycopg.connect(url) as connection:
            found += connection.execute(asked).fetchall()
    return {"sessions": sum(row[0] for row in found), "transactions": sum(row[1] for row in found)}


@contextmanager
def project_of(running: Platform) -> Iterator[Repository]:
    """Yield the repository of a project on the platform."""
    repository = Repository(running.home / "bench")
    SMALL.fill(repository)
    with running.control() as control:
        control.projects.create(SLUG, repo_url=str(repository.origin), odoo_version=SERIES)
    yield repository


def deploy_previews(running: Platform, repository: Repository, numbers: range) -> None:
    """Deploy a preview for each number, one after the other."""
    pushed = [repository.push(f"feature/idle-{number}") for number in numbers]
    for sha in pushed:
        run = running.ended(running.run_of(SLUG, sha))
        if run.status != "succeeded":
            raise SystemExit(f"run #{run.run_number} {run.status}: {run.error_message}")


def _print(idle: Idle) -> None:
    print(f"\n{idle.previews} preview(s), {idle.seconds:.0f} s idle")
    for program in sorted(idle.megabytes, key=lambda name: -idle.cores.get(name, 0.0)):
        print(f"  {program:<12}{idle.cores.get(program, 0.0):>8.3f} of a core{idle.megabytes[program]:>8.0f} MB")
    for what, value in idle.own().items():
        print(f"  own programs, {what}: {value:.3g} (goal {GOALS[what]:g})")
    connections, transactions = idle.connections_per_minute, idle.transactions_per_minute
    print(f"  {connections:.0f} new connections and {transactions:.0f} transactions a minute", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--previews", type=int, nargs="+", default=[0, 3], help="numbers of previews [0 3]")
    parser.add_argument("--seconds", type=float, default=60, help="length of each look [60]")
    parser.add_argument("--settle", type=float, default=SETTLE_SECONDS, help=f"wait before it [{SETTLE_SECONDS}]")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
