"""How long each reporting view takes to answer its reader, over 100,000 releases and 1,000,000 events.

Every question is asked as a person would be answered: by a role that row level security applies to, a member of one
project by the claims of a token, and a persona who sees all projects.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.estate import Estate, fill
from bench.server import Server, throwaway_server
from odooops_dagster.control.migrate import migrate

GOAL_MS = 200.0
# A question that takes this long is not waited for: it is told as this long.
PATIENCE_MS = 3000
DATABASE = "bench_views"
PERSONA = "release_manager"

NEWEST = "select * from ops.{} where project_id = %(project_id)s order by created_at desc limit 50"
OF_RELEASE = "select * from ops.{} where release_id = %(release_id)s"
OF_PROJECT = "select * from ops.{} where project_id = %(project_id)s"
ALL = "select * from ops.{}"

# What people ask each view: a page of a project, one thing, or all of it where the question is about all.
QUESTIONS = (
    ("v_release_gate_summary", "newest page", NEWEST),
    ("v_release_gate_summary", "one release", OF_RELEASE),
    ("v_promotion_eligibility", "newest page", NEWEST),
    ("v_promotion_eligibility", "one release", OF_RELEASE),
    ("v_evidence_completeness", "newest page", OF_PROJECT + " order by version desc limit 50"),
    ("v_evidence_completeness", "one release", OF_RELEASE),
    ("v_exception_status", "newest page", NEWEST),
    ("v_exception_status", "active now", OF_PROJECT + " and status = 'active'"),
    ("v_exception_status", "one release", OF_RELEASE),
    ("v_deployment_history", "newest page", NEWEST),
    ("v_deployment_history", "one release", OF_RELEASE),
    ("v_deployment_history", "production", OF_PROJECT + " and stage = 'production' order by created_at desc limit 50"),
    ("v_run_queue", "all", ALL),
    ("v_environment_overview", "of the project", OF_PROJECT),
    ("v_environment_overview", "one environment", "select * from ops.{} where id = %(environment_id)s"),
    ("v_backup_freshness", "of the project", OF_PROJECT),
    ("v_run_lineage", "one run", "select * from ops.{} where run_id = %(run_id)s"),
    (
        "v_run_lineage",
        "one environment",
        "select * from ops.{} where partition_key = %(partition_key)s order by created_at desc limit 50",
    ),
    ("v_upgrade_advisories", "all", ALL),
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How long a question took, over and over."""

    view: str
    question: str
    reader: str
    rows: int
    median_ms: float
    p95_ms: float


def main() -> None:
    """Measure and print; ends with status 1 where the goal is missed."""
    options = _options()
    with throwaway_server(bin_dir=options.bin_dir) as server:
        url = server.create(DATABASE)
        migrate(url)
        with psycopg.connect(url, autocommit=True) as connection:
            estate = fill(connection, releases=options.releases, events=options.events)
            answers = [a for reader in ("member", PERSONA) for a in _ask(connection, estate, reader, options.rounds)]
        _print(server, answers, options)
    if options.json:
        options.json.write_text(json.dumps([asdict(answer) for answer in answers], indent=2) + "\n")
    if any(answer.p95_ms >= GOAL_MS for answer in answers):
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.views", description=__doc__)
    parser.add_argument("--releases", type=int, default=100_000, help="releases of all projects")
    parser.add_argument("--events", type=int, default=1_000_000, help="events of all runs")
    parser.add_argument("--rounds", type=int, default=20, help="times that each question is asked")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--bin-dir", type=Path, help="programs of another PostgreSQL than the embedded one")
    return parser.parse_args()


def _ask(connection: psycopg.Connection[Any], estate: Estate, reader: str, rounds: int) -> Iterator[Answer]:
    with _acting_as(connection, reader, estate):
        for view, question, query in QUESTIONS:
            text = query.format(view).encode()
            times: list[float] = []
            rows = 0
            while len(times) <= rounds and (not times or times[-1] < PATIENCE_MS):
                began = time.perf_counter()
                with suppress(psycopg.errors.QueryCanceled):
                    rows = len(connection.execute(text, asdict(estate)).fetchall())
                times.append((time.perf_counter() - began) * 1000)
            yield _answer(view, question, reader, rows=rows, times=times[1:] or times)


def _answer(view: str, question: str, reader: str, *, rows: int, times: Sequence[float]) -> Answer:
    worst = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    return Answer(
        view=view,
        question=question,
        reader=reader,
        rows=rows,
        median_ms=round(statistics.median(times), 2),
        p95_ms=round(worst, 2),
    )


@contextmanager
def _acting_as(connection: psycopg.Connection[Any], reader: str, estate: Estate) -> Iterator[None]:
    """Become the member by the claims of a token, as PostgREST would, or the persona by role."""
    role = "authenticated" if reader == "member" else reader
    claims = json.dumps({"sub": str(estate.person_id), "role": role})
    connection.execute("select set_config('request.jwt.claims', %s, false)", [claims])
    connection.execute(f"set statement_timeout = {PATIENCE_MS}".encode())
    connection.execute(psycopg.sql.SQL("set role {}").format(psycopg.sql.Identifier(role)))
    try:
        yield
    finally:
        connection.execute("reset role")
        connection.execute("reset statement_timeout")


def _print(server: Server, answers: Sequence[Answer], options: argparse.Namespace) -> None:
    print(f"PostgreSQL {server.version()}, {options.releases} releases, {options.events} events, goal {GOAL_MS:.0f} ms")
    print(f"{'view':<26}{'question':<18}{'reader':<17}{'rows':>6}{'median ms':>12}{'p95 ms':>10}")
    for answer in answers:
        late = "  too slow" if answer.p95_ms >= GOAL_MS else ""
        print(
            f"{answer.view:<26}{answer.question:<18}{answer.reader:<17}{answer.rows:>6}"
            f"{answer.median_ms:>12.2f}{answer.p95_ms:>10.2f}{late}"
        )


if __name__ == "__main__":
    main()
