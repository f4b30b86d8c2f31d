"""What thousands of environments ask of the control plane: each periodic question, and a steady stream of pushes.

The control plane is the real one, on a PostgreSQL of its own; the environments are rows, as no machine holds ten
thousand Odoos. First each question that the platform asks again and again is timed with few and with many environments:
how long, and which part of its interval. Then pushes arrive at a steady rate. Each is stored as a delivery, compared
with the branches' heads, queued, claimed and worked on by workers that write what the run of a preview writes: four
assets with their lineage, checks, files, two hundred log lines, the deployment. Ends with status 1 where a push is lost
or a run ends twice.
"""

from __future__ import annotations

import sys

if sys.path[0].endswith("bench"):
    # Run as a script: this folder would hide the standard library's `queue` from every module that wants it.
    sys.path[0] = sys.path[0].removesuffix("bench").rstrip("/") or "."

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from bench.country import settle
from bench.pushes import Crowd, Outcome, drive
from bench.server import Server, throwaway_server
from odooops_dagster.control import ControlPlane
from odooops_dagster.control.migrate import migrate

FEW = 100
ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the platform asks again and again, and every how many seconds."""

    name: str
    every: float
    ask: Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """How long a question takes at the median with few and with many environments, in milliseconds."""

    question: str
    every: float
    few_ms: float
    many_ms: float

    @property
    def share(self) -> float:
        """Return the part of the interval that it takes with many environments."""
        return self.many_ms / 1000 / self.every


def main() -> None:
    """Measure and print."""
    options = _options()
    with throwaway_server(bin_dir=options.bin_dir) as server:
        few = _ask(_settled(server, FEW))
        many_url = _settled(server, options.environments)
        many = _ask(many_url)
        costs = [
            Cost(question=name, every=every, few_ms=few[name][1], many_ms=ms) for name, (every, ms) in many.items()
        ]
        _print_costs(costs, options.environments)
        with _planes(many_url) as planes:
            outcome = drive(
                Crowd(url=many_url, gateway=planes["ops_gateway"], worker=planes["ops_worker"]),
                per_minute=options.rate,
                seconds=options.minutes * 60,
                workers=options.workers,
            )
    _print_outcome(outcome)
    if options.json:
        found = {"questions": [asdict(each) for each in costs], "pushes": asdict(outcome)}
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    if outcome.ended != outcome.pushed:
        raise SystemExit(1)


def _settled(server: Server, environments: int) -> str:
    url = server.create(f"scale_{environments}")
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        settle(connection, environments)
    return url


@contextmanager
def _planes(url: str) -> Iterator[Mapping[str, ControlPlane]]:
    """Yield the control plane as each of these roles has it."""
    logins = ("ops_gateway", "ops_worker")
    planes = {
        login: ControlPlane(make_conninfo(url, options=f"-c role={login}"), max_connections=8) for login in logins
    }
    try:
        yield planes
    finally:
        for plane in planes.values():
            plane.close()


def _ask(url: str) -> dict[str, tuple[float, float]]:
    """Return each question's interval in seconds, and its median time in milliseconds."""
    with _planes(url) as planes:
        questions = _questions(planes["ops_worker"])
        return {each.name: (each.every, statistics.median(_times(each.ask))) for each in questions}


def _times(ask: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    return times


def _questions(worker: ControlPlane) -> list[Question]:
    """Return what sensors, schedules, the router's clock and a scrape ask; each changes nothing a second time."""
    now = datetime.now(UTC)
    hour, zone = 2, "UTC"
    clocks = worker.clocks
    return [
        Question(name="next run of the queue", every=1, ask=lambda: worker.runs.peek(1)),
        Question(name="cancels", every=1, ask=worker.runs.cancel_requested),
        Question(name="stored deliveries", every=1, ask=lambda: worker.pushes.apply(limit=20)),
        Question(
            name="repositories to poll", every=3, ask=lambda: worker.projects.to_poll(older_than_seconds=10_000_000)
        ),
        Question(name="messages to send", every=5, ask=lambda: _no_messages(worker)),
        Question(name="lost runs", every=10, ask=worker.runs.active),
        Question(name="all environments", every=30, ask=worker.environments.list),
        Question(name="deployments of ended runs", every=30, ask=worker.deployments.close_unfinished),
        Question(name="builds to promote", every=30, ask=worker.deployments.promote_due),
        Question(name="alarms", every=30, ask=worker.incidents.alarms),
        Question(name="janitor", every=30, ask=lambda: clocks.janitor_is_due(now, last_at=now)),
        Question(name="idle previews", every=300, ask=lambda: clocks.stop_idle({}, watched_since=now)),
        Question(name="expired previews", every=600, ask=worker.environments.expire),
        Question(
            name="nightly backups",
            every=600,
            ask=lambda: clocks.queue_nightly_backups(now, hour=hour, time_zone=zone),
        ),
        Question(name="freshness of backups", every=600, ask=lambda: clocks.watch_freshness(now)),
        Question(name="drills", every=3600, ask=lambda: clocks.queue_drills(now, time_zone=zone)),
        Question(name="standing previews", every=3600, ask=lambda: clocks.queue_previews(now, time_zone=zone)),
        Question(name="retention", every=3600, ask=worker.retention.queue_due),
        Question(name="metrics", every=15, ask=worker.figures.list),
    ]


def _no_messages(worker: ControlPlane) -> None:
    worker.messages.claim("bench", limit=20, lease_seconds=60, digest_seconds=600)


def _print_costs(costs: list[Cost], environments: int) -> None:
    print(f"{'asked again and again':<28}{'every s':>9}{f'{FEW} ms':>10}{f'{environments} ms':>12}{'of interval':>13}")
    for each in costs:
        print(f"{each.question:<28}{each.every:>9g}{each.few_ms:>10.1f}{each.many_ms:>12.1f}{each.share:>12.2%}")
    print(f"{'all of them':<59}{sum(each.share for each in costs):>12.2%}\n")


def _print_outcome(outcome: Outcome) -> None:
    print(f"{outcome.pushed} pushes at {outcome.per_minute:.0f} a minute, {outcome.ended} runs ended once")
    for name, (median, worst) in outcome.latencies.items():
        print(f"{name:<40}{median:>10.1f} ms{worst:>10.1f} ms")
    for name, figure in outcome.figures.items():
        print(f"{name:<40}{figure:>10.2f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--environments", type=int, default=10_000, help="environments of all projects")
    parser.add_argument("--rate", type=float, default=100, help="pushes a minute")
    parser.add_argument("--minutes", type=float, default=3, help="how long pushes arrive")
    parser.add_argument("--workers", type=int, default=4, help="runs at work at once")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--bin-dir", type=Path, help="programs of another PostgreSQL than the embedded one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
