"""Our own queue: the RPCs of schema ops, called as the platform's worker role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection, Cursor

from bench.history import finish_runs
from odooops_dagster.migrate import migrate

# As many projects as a busy team has, and more branches than a round has jobs: every run is the only one of its
# environment, as after a push.
PROJECTS = 16
BRANCHES = 128

CREATE_PROJECT = b"select ops.create_project(p_slug => %s, p_repo_url => %s, p_odoo_version => '19.0')"
CREATE_ENVIRONMENTS = b"""
    select ops.ensure_environment(p_project_id => project.id, p_branch => 'feature/' || branch)
    from ops.projects as project, generate_series(0, %s) as branch
"""
PUT = b"select ops.queue_run(project_id => %s, env => %s, git_sha => %s, ref => %s)"
CLAIM = b"select * from ops.claim_next_run(p_worker_id => %s)"
CLAIM_AND_START = b"select * from ops.claim_and_start_runs(p_worker_id => %s)"
START = b"select * from ops.start_workflow_run(p_run_id => %s, p_worker_id => %s, p_attempt => %s)"
END = b"select ops.complete_workflow_run(p_run_id => %s, p_exit_code => 0, p_attempt => %s, p_worker_id => %s)"
CLAIM_BATCH = b"select * from ops.claim_runs(p_worker_id => %s, p_limit => %s)"
CLAIM_AND_START_BATCH = b"select * from ops.claim_and_start_runs(p_worker_id => %s, p_limit => %s)"
START_BATCH = b"""
    select ops.start_workflow_run(p_run_id => id, p_worker_id => %s, p_attempt => attempt)
    from unnest(%s::uuid[], %s::integer[]) as run (id, attempt)
"""
END_BATCH = b"""
    select ops.complete_workflow_run(p_run_id => id, p_exit_code => 0, p_attempt => attempt, p_worker_id => %s)
    from unnest(%s::uuid[], %s::integer[]) as run (id, attempt)
"""


class Ops:
    """Claim, start and complete; `fused` claims and starts in one statement."""

    tables: Sequence[str] = ("ops.runs", "ops.run_requests", "ops.run_events", "ops.project_counters")

    batches = True

    def __init__(self, *, fused: bool = False) -> None:
        self._fused = fused
        self._projects: list[UUID] = []

    def open(self, connection: Connection[Any]) -> None:
        """Become the worker role and learn the projects."""
        rows = connection.execute(b"select id from ops.projects order by slug").fetchall()
        self._projects = [row[0] for row in rows]
        connection.execute(b"set role ops_worker")

    def put(self, connection: Connection[Any], number: int) -> None:
        """Queue one deployment of one environment."""
        project, branch = number % PROJECTS, number // PROJECTS
        name = f"feature/{branch}"
        values = [self._projects[project], name, f"{number:040x}", f"refs/heads/{name}"]
        connection.execute(PUT, values, prepare=True)

    def work(self, connection: Connection[Any], worker: str, batch: int) -> int:
        """Take one run, or a batch, through its life."""
        return self._one(connection, worker) if batch == 1 else self._many(connection, worker, batch)

    def unfinished(self, connection: Connection[Any]) -> int:
        """Count what has not succeeded."""
        row = connection.execute(
            b"select count(*) from ops.runs where status in ('queued', 'claimed', 'running')"
        ).fetchone()
        return int(row[0]) if row else 0

    def _one(self, connection: Connection[Any], worker: str) -> int:
        cursor = connection.execute(CLAIM_AND_START if self._fused else CLAIM, [worker], prepare=True)
        row = cursor.fetchone()
        if row is None or row[0] is None:
            return 0
        run_id, attempt = _identity(cursor, row)
        if not self._fused:
            connection.execute(START, [run_id, worker, attempt], prepare=True)
        connection.execute(END, [run_id, attempt, worker], prepare=True)
        return 1

    def _many(self, connection: Connection[Any], worker: str, batch: int) -> int:
        claim = CLAIM_AND_START_BATCH if self._fused else CLAIM_BATCH
        cursor = connection.execute(claim, [worker, batch], prepare=True)
        rows = [_identity(cursor, row) for row in cursor.fetchall()]
        if not rows:
            return 0
        runs = [worker, [run for run, _ in rows], [attempt for _, attempt in rows]]
        if not self._fused:
            connection.execute(START_BATCH, runs, prepare=True)
        connection.execute(END_BATCH, runs, prepare=True)
        return len(rows)


def create(url: str, *, fused: bool = False, finished: int = 0) -> Ops:
    """Create the schema with the environments that the runs are queued for, and runs that ended long ago."""
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        for project in range(PROJECTS):
            connection.execute(CREATE_PROJECT, [f"bench-{project:02}", f"https://example.com/bench-{project}.git"])
        connection.execute(CREATE_ENVIRONMENTS, [BRANCHES - 1])
        if finished:
            finish_runs(connection, finished)
    return Ops(fused=fused)


def _identity(cursor: Cursor[Any], row: Sequence[Any]) -> tuple[UUID, int]:
    """Return the claimed run's id and attempt, whatever else the claim returns."""
    names = [column.name for column in cursor.description or ()]
    return row[names.index("id")], row[names.index("attempt")]
