"""How long the server takes for each page of the console, beside 100,000 runs and a run with 200,000 log lines.

A gateway in a process of its own answers a person with a session, over real HTTP; every page is asked for over and
over, as a persona and as a member. Half of the runs are the asked project's. The CPU is that of the gateway and of
PostgreSQL together, by the kernel's count: unlike the time, other work on the machine hardly changes it.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import secrets
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import psycopg
from psycopg import sql

from bench.estate import EVENTS_PER_RUN, Estate, fill
from bench.gateway import running_gateway
from bench.server import Server, throwaway_server
from odooops_dagster.control import ControlPlane
from odooops_dagster.control.migrate import migrate
from odooops_dagster.home import CALLERS, CONSOLE_HOST

GOAL_MS = 100.0
GOAL_BYTES = 60_000
PATIENCE_SECONDS = 60.0
DATABASE = "bench_console"
PROJECTS = 2
ALL = ("developer", "audit_reader", "qa_tester", "release_manager", "sre")

LINES = b"""
    insert into ops.run_logs (run_id, attempt, level, message, timestamp)
    select
        %(run_id)s, 1, case when n %% 1000 = 7 then 'error' when n %% 50 = 3 then 'warn' else 'info' end::ops.log_level,
        format('2026-01-01 00:00:00,%%s 4711 INFO shop odoo.modules.loading: %%s of %(lines)s loaded', n %% 1000, n)
        || case when n = 100 then ' needle' else '' end,
        now() - interval '1 hour'
    from generate_series(1, %(lines)s) as n
"""
CHECKS = b"""
    insert into ops.run_checks (run_id, attempt, name, passed, blocking, summary)
    select %(run_id)s, 1, name, true, true, 'filled'
    from unnest('{modules_installed,log_clean,tests_passed}'::text[]) as name
"""
EGRESS = b"""
    insert into ops.egress_attempts (
        project_id, environment_id, minute, source, outcome, destination, port, protocol, module, attempts, first_at,
        last_at
    )
    select %(project_id)s, %(environment_id)s, m, gen_random_uuid(), 'refused', 'example.com', 443, 'http', 'base', 1,
        m, m
    from generate_series(1, 2000) as n, lateral (select date_trunc('minute', now()) - n * interval '1 minute' as m) as t
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How long a page took the server, over and over, and how large it is."""

    page: str
    reader: str
    median_ms: float
    p95_ms: float
    p95_cpu_ms: float
    html_bytes: int


def main() -> None:
    """Measure and print; ends with status 1 where a goal is missed."""
    options = _options()
    with throwaway_server(bin_dir=options.bin_dir) as server:
        url = server.create(DATABASE)
        migrate(url)
        began = time.monotonic()
        estate, slug = _fill(url, options)
        print(f"filled in {time.monotonic() - began:.0f} s")
        with running_gateway(
            url, ODOOOPS_API_DATABASE_URL=_callers_url(url), ODOOOPS_REQUESTS_PER_MINUTE="1000000"
        ) as port:
            answers = list(_ask(url, port, estate, slug, options))
        _print(server, answers, options)
    if options.json:
        options.json.write_text(json.dumps([asdict(answer) for answer in answers], indent=2) + "\n")
    if any(answer.p95_ms > GOAL_MS or answer.html_bytes > GOAL_BYTES for answer in answers):
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="ended runs of both projects")
    parser.add_argument("--releases", type=int, default=2_000, help="releases of both projects")
    parser.add_argument("--lines", type=int, default=200_000, help="log lines of the asked run")
    parser.add_argument("--rounds", type=int, default=40, help="times that each page is asked for")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--bin-dir", type=Path, help="programs of another PostgreSQL than the embedded one")
    return parser.parse_args()


def _fill(url: str, options: argparse.Namespace) -> tuple[Estate, str]:
    with psycopg.connect(url, autocommit=True) as connection:
        estate = fill(connection, releases=options.releases, events=options.runs * EVENTS_PER_RUN, projects=PROJECTS)
        given: dict[str, Any] = asdict(estate) | {"lines": options.lines}
        connection.execute(b"set session_replication_role = 'replica'")
        for statement in (LINES, CHECKS, EGRESS):
            connection.execute(statement, given)
        connection.execute(b"reset session_replication_role")
        connection.execute(b"vacuum analyze")
        row = connection.execute("select slug from ops.projects where id = %s", [estate.project_id]).fetchone()
    assert row is not None  # noqa: S101 - it was filled
    return estate, str(row[0])


def _callers_url(url: str) -> str:
    """Give the login of callers a password, and return its URL."""
    password = secrets.token_hex(16)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("alter role {} login password {}").format(sql.Identifier(CALLERS), sql.Literal(password))
        )
    return psycopg.conninfo.make_conninfo(url, user=CALLERS, password=password)


def _pages(url: str, estate: Estate, slug: str) -> dict[str, str]:
    """Return the path of each page by its name."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            """
            select q.run_number, r.version, e.name, (select min(l.id) from ops.run_logs as l where l.run_id = q.run_id)
            from ops.run_requests as q, ops.releases as r, ops.environments as e
            where q.run_id = %(run_id)s and r.id = %(release_id)s and e.id = %(environment_id)s
            """,
            asdict(estate),
        ).fetchone()
    assert row is not None  # noqa: S101 - it was filled
    number, version, _, first = row
    root = f"/projects/{slug}"
    log = f"{root}/runs/{number}/log"
    return {
        "projects": "/",
        "branches": root,
        "runs": f"{root}/runs",
        "a run": f"{root}/runs/{number}",
        "log, its end": log,
        "log, around a line": f"{log}?at={first + 100_000}",
        "log, a text: a part": f"{log}?q=needle",
        "log, a text: last part": f"{log}?q=needle&before={first + 50_000}",
        "log, a text of each line": f"{log}?q=loaded",
        "log, errors": f"{log}?level=error",
        "releases": f"{root}/releases",
        "a release": f"{root}/releases/{version}/show",
        "backups": f"{root}/backups",
        "upgrades": f"{root}/upgrades",
        "egress": f"{root}/egress",
        "record": f"{root}/record",
        "access": f"{root}/access",
    }


def _ask(url: str, port: int, estate: Estate, slug: str, options: argparse.Namespace) -> Iterator[Answer]:
    pages = _pages(url, estate, slug)
    programs = _programs(url)
    for reader in ("release_manager", "audit_reader", "member"):
        with _signed_in(url, port, reader, estate.person_id) as client:
            for name, path in pages.items():
                times: list[float] = []
                costs: list[float] = []
                while len(times) <= options.rounds and sum(times) < PATIENCE_SECONDS * 1000:
                    taken, began = _cpu_ms(programs), time.perf_counter()
                    response = client.get(path)
                    times.append((time.perf_counter() - began) * 1000)
                    costs.append(_cpu_ms(programs) - taken)
                    response.raise_for_status()
                yield _answer(
                    name, reader, times[1:] or times, costs[1:] or costs, len(gzip.compress(response.content))
                )


def _programs(url: str) -> tuple[psutil.Process, ...]:
    """Return what answers: the gateway, which is our child, and PostgreSQL's first process."""
    with psycopg.connect(url) as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
    assert server is not None  # noqa: S101 - a backend has one
    return (*psutil.Process().children(), server)


def _cpu_ms(programs: Sequence[psutil.Process]) -> float:
    """Return what the programs and those that they started have taken. Source: proc(5), schedstat."""
    family = [each for program in programs for each in (program, *program.children(recursive=True))]
    threads = [thread for each in set(family) for thread in Path(f"/proc/{each.pid}/task").glob("*/schedstat")]
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6


def _signed_in(url: str, port: int, reader: str, person_id: UUID) -> httpx.Client:
    """Return a client with a session of a persona, or of the member."""
    token = secrets.token_urlsafe(32)
    with ControlPlane(url) as control:
        control.console.create_link(
            reader,
            link_sha256=hashlib.sha256(token.encode()).hexdigest(),
            personas=() if reader == "member" else (reader,),  # type: ignore[arg-type]
            user_id=person_id if reader == "member" else None,
        )
    own = {"Host": f"{CONSOLE_HOST}:{port}", "Origin": f"http://{CONSOLE_HOST}:{port}"}
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=own, trust_env=False, timeout=PATIENCE_SECONDS)
    answer = httpx.post(f"{client.base_url}/login", data={"token": token}, headers=own, trust_env=False)
    client.cookies.set("odooops-console", answer.cookies["odooops-console"])
    return client


def _answer(page: str, reader: str, times: Sequence[float], costs: Sequence[float], html_bytes: int) -> Answer:
    return Answer(
        page=page,
        reader=reader,
        median_ms=round(statistics.median(times), 1),
        p95_ms=_p95(times),
        p95_cpu_ms=_p95(costs),
        html_bytes=html_bytes,
    )


def _p95(values: Sequence[float]) -> float:
    return round(statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0], 1)


def _print(server: Server, answers: Sequence[Answer], options: argparse.Namespace) -> None:
    print(
        f"PostgreSQL {server.version()}, {options.runs} runs, {options.lines} log lines, goal {GOAL_MS:.0f} ms"
        f" and {GOAL_BYTES // 1000} kB"
    )
    print(f"{'page':<26}{'reader':<17}{'median ms':>12}{'p95 ms':>10}{'p95 CPU':>10}{'kB':>8}")
    for each in answers:
        late = "  too slow" if each.p95_ms > GOAL_MS else ""
        large = "  too large" if each.html_bytes > GOAL_BYTES else ""
        figures = f"{each.median_ms:>12.1f}{each.p95_ms:>10.1f}{each.p95_cpu_ms:>10.1f}{each.html_bytes / 1000:>8.1f}"
        print(f"{each.page:<26}{each.reader:<17}{figures}{late}{large}")


if __name__ == "__main__":
    main()
