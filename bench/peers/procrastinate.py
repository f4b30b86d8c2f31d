"""procrastinate: its SQL functions, called with its own queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from procrastinate import sql
from procrastinate.schema import SchemaManager
from psycopg import Connection

from bench.peers import Claimed, OneByOne, count


def create(url: str) -> Procrastinate:
    """Create the schema."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SchemaManager.get_schema().encode())
    return Procrastinate()


class Procrastinate(OneByOne):
    """procrastinate: fetch and finish; jobs stay, as by default, and carry no lock."""

    batches = False
    tables: Sequence[str] = ("procrastinate_jobs", "procrastinate_events")

    def __init__(self) -> None:
        self._workers: dict[int, int] = {}

    def open(self, connection: Connection[Any], what: str) -> None:
        """Register the worker."""
        del what
        row = connection.execute(sql.queries["register_worker"].encode()).fetchone()
        self._workers[id(connection)] = row[0] if row else 0

    def put(self, connection: Connection[Any], number: int) -> None:
        """Defer one job."""
        jobs = [("default", "bench", 0, None, None, f'{{"n": {number}}}', None)]
        connection.execute(
            b"select unnest(procrastinate_defer_jobs_v1(array[%s::procrastinate_job_to_defer_v1])) as id",
            jobs,
            prepare=True,
        )

    def claim(self, connection: Connection[Any], worker: str, batch: int) -> Sequence[Claimed]:
        """Fetch; there is no batch."""
        del worker, batch
        values = {"queues": None, "worker_id": self._workers[id(connection)]}
        row = connection.execute(sql.queries["fetch_job"].encode(), values, prepare=True).fetchone()
        return [row[0]] if row is not None and row[0] is not None else []

    def end(self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]) -> None:
        """Finish."""
        del worker
        for job in jobs:
            ending = {"job_id": job, "status": "succeeded", "delete_job": False}
            connection.execute(sql.queries["finish_job"].encode(), ending, prepare=True)

    def unfinished(self, connection: Connection[Any]) -> int:
        """Count what is not finished."""
        return count(connection, b"select count(*) from procrastinate_jobs where status in ('todo', 'doing')")
