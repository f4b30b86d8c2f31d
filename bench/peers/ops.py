"""Our own queue: the RPCs of schema ops, called as the platform's logins may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection, Cursor

from bench.history import finish_runs
from bench.peers import Claimed, OneByOne, count
from odooops_dagster.control.migrate import migrate

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
CLAIM = b"select * from ops.claim_runs(p_worker_id => %s, p_limit => %s)"
CLAIM_AND_START = b"select * from ops.claim_and_start_runs(p_worker_id => %s, p_limit => %s)"
START = b"select * from ops.start_workflow_run(p_run_id => %s, p_worker_id => %s, p_attempt => %s)"
END = b"select ops.complete_workflow_run(p_run_id => %s, p_exit_code => 0, p_attempt => %s, p_worker_id => %s)"
START_BATCH = b"""
    select ops.start_workflow_run(p_run_id => id, p_worker_id => %s, p_attempt => attempt)
    from unnest(%s::uuid[], %s::integer[]) as run (id, attempt)
"""
END_BATCH = b"""
    select ops.complete_workflow_run(p_run_id => id, p_exit_code => 0, p_attempt => attempt, p_worker_id => %s)
    from unnest(%s::uuid[], %s::integer[]) as run (id, attempt)
"""


class Ops(OneByOne):
    """Claim, start and complete: three calls, each with its audit row."""

    batches = True
    tables: Sequence[str] = ("ops.runs", "ops.run_requests", "ops.run_events", "ops.project_counters")

    def __init__(self) -> None:
        self._projects: list[UUID] = []

    def open(self, connection: Connection[Any], what: str) -> None:
        """Learn the projects and become who does this: the operator queues, the worker claims and ends."""
        rows = connection.execute(b"select id from ops.projects order by slug").fetchall()
        self._projects = [row[0] for row in rows]
        connection.execute(b"set role ops_operator" if what == "put" else b"set role ops_worker")

    def put(self, connection: Connection[Any], number: int) -> None:
        """Queue one deployment of one environment."""
        project, branch = number % PROJECTS, number // PROJECTS
        name = f"feature/{branch}"
        values = [self._projects[project], name, f"{number:040x}", f"refs/heads/{name}"]
        connection.execute(PUT, values, prepare=True)

    def claim(self, connection: Connection[Any], worker: str, batch: int) -> Sequence[Claimed]:
        """Claim, as the platform's sensor does."""
        return _claimed(connection.execute(CLAIM, [worker, batch], prepare=True))

    def end(self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]) -> None:
        """Start, then complete."""
        self.start(connection, worker, jobs)
        self.complete(connection, worker, jobs)

    def start(self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]) -> None:
        """Start what was claimed."""
        if len(jobs) == 1:
            connection.execute(START, [jobs[0][0], worker, jobs[0][1]], prepare=True)
        else:
            connection.execute(START_BATCH, [worker, *_columns(jobs)], prepare=True)

    def complete(self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]) -> None:
        """Complete what was started."""
        if len(jobs) == 1:
            connection.execute(END, [*jobs[0], worker], prepare=True)
        else:
            connection.execute(END_BATCH, [worker, *_columns(jobs)], prepare=True)

    def unfinished(self, connection: Connection[Any]) -> int:
        """Count what has not ended."""
        return count(connection, b"select count(*) from ops.runs where status in ('queued', 'claimed', 'running')")


class Pipelined(Ops):
    """The same three calls; the end of one run and the claim of the next travel together."""

    batches = False

    def end_and_claim(
        self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]
    ) -> Sequence[Claimed] | None:
        """Start; then complete and claim in one exchange, which the server commits at once."""
        self.start(connection, worker, jobs)
        with connection.pipeline():
            self.complete(connection, worker, jobs)
            claim = connection.execute(CLAIM, [worker, 1], prepare=True)
        return _claimed(claim)


class Fused(Ops):
    """Claim and start in one call, then complete."""

    def claim(self, connection: Connection[Any], worker: str, batch: int) -> Sequence[Claimed]:
        """Claim and start."""
        return _claimed(connection.execute(CLAIM_AND_START, [worker, batch], prepare=True))

    def end(self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]) -> None:
        """Complete."""
        self.complete(connection, worker, jobs)


def create(url: str, *, queue: type[Ops] = Ops, finished: int = 0) -> Ops:
    """Create the schema with the environments that the runs are queued for, and runs that ended long ago."""
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        for project in range(PROJECTS):
            connection.execute(CREATE_PROJECT, [f"bench-{project:02}", f"https://example.com/bench-{project}.git"])
        connection.execute(CREATE_ENVIRONMENTS, [BRANCHES - 1])
        if finished:
            finish_runs(connection, finished)
    return queue()


def _claimed(cursor: Cursor[Any]) -> Sequence[Claimed]:
    """Return the id and attempt of each claimed run."""
    names = [column.name for column in cursor.description or ()]
    run, attempt = names.index("id"), names.index("attempt")
    return [(row[run], row[attempt]) for row in cursor.fetchall()]


def _columns(jobs: Sequence[Claimed]) -> tuple[list[UUID], list[int]]:
    return [run for run, _ in jobs], [attempt for _, attempt in jobs]
