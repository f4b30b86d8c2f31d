"""What Dagster spends on a run: CPU of each program, and what its storage grows by.

The real code location with steps that answer at once, on PostgreSQL and under the platform's own launcher: what is
left is what the platform itself costs. What the programs spend while nothing happens is measured first and taken off.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg

from tests.dagster.engine import Engine, engine
from tests.platform_logins import by_job
from tests.servers import PostgresServer, as_user, processes_of, running_server, state_folder

WARM_UP = 2


def main() -> None:
    """Measure and print."""
    options = _options()
    with ExitStack() as stack:
        home = stack.enter_context(state_folder("carried"))
        server = stack.enter_context(running_server("carried"))
        database = stack.enter_context(server.fresh_database())
        storage = stack.enter_context(server.fresh_database(migrated=False))
        control = stack.enter_context(by_job(database, server))
        url = as_user(database, "ops_worker", server)
        running = stack.enter_context(engine(home, control=control, control_url=url, dagster_url=storage))
        _run(running, WARM_UP)
        figures = _measure(running, server, storage, runs=options.runs, idle_seconds=options.idle)
    for name, figure in figures.items():
        print(f"{name:<44}{figure:>10.2f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def _measure(
    running: Engine, server: PostgresServer, storage: str, *, runs: int, idle_seconds: float
) -> dict[str, float]:
    before = dict(_spent(running, server))
    time.sleep(idle_seconds)
    idle = _difference(before, dict(_spent(running, server)))
    size, before, began = _size(storage), dict(_spent(running, server)), time.perf_counter()
    _run(running, runs)
    passed = time.perf_counter() - began
    worked = _difference(before, dict(_spent(running, server)))
    each = {name: 1000 * (worked[name] - idle[name] * passed / idle_seconds) / runs for name in worked}
    total = sum(each.values())
    return {
        **{f"{name}, ms of CPU per run": value for name, value in each.items()},
        "all, ms of CPU per run": total,
        "runs a minute that one core carries": 60_000 / total,
        "runs a minute in this run": 60 * runs / passed,
        "storage, kB per run": (_size(storage) - size) / runs / 1024,
    }


def _run(running: Engine, count: int) -> None:
    queued = [running.queue(f"feature/{number}") for number in range(count)]
    for run in queued:
        ended = running.wait(run, "succeeded", "failed", "canceled")
        if ended.status != "succeeded":
            raise SystemExit(f"run #{run.run_number} {ended.status}: {ended.error_message}")


def _spent(running: Engine, server: PostgresServer) -> Iterator[tuple[str, float]]:
    """Yield each program with the seconds of CPU of it, its children, and those that it has outlived."""
    for name, pid in running.pids().items():
        process = psutil.Process(pid)
        yield name, sum(_seconds(each) for each in [process, *process.children(recursive=True)])
    yield "PostgreSQL", sum(_seconds(each) for each in processes_of(server.embedded))


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


def _size(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.carried", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="runs that are measured")
    parser.add_argument("--idle", type=float, default=30, help="seconds of idleness that are measured before")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
