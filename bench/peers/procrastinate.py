"""procrastinate: its SQL functions, called with its own queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from procrastinate import sql
from procrastinate.schema import SchemaManager
from psycopg import Connection


def create(url: str) -> Procrastinate:
    """Create the schema."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SchemaManager.get_schema().encode())
    return Procrastinate()


class Procrastinate:
    """procrastinate: fetch and finish; jobs stay, as by default, and carry no lock."""

    batches = False
    tables: Sequence[str] = ("procrastinate_jobs", "procrastinate_events")

    def __init__(self) -> None:
        self._workers: dict[int, int] = {}

    def open(self, connection: Connection[Any]) -> None:
        """Register the worker."""
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

    def work(self, connection: Connection[Any], worker: str, batch: int) -> int:
        """Fetch and finish; there is no batch."""
        del worker, batch
        values = {"queues": None, "worker_id": self._workers[id(connection)]}
        row = connection.execute(sql.queries["fetch_job"].encode(), values, prepare=True).fetchone()
        if row is None or row[0] is None:
            return 0
        ending = {"job_id": row[0], "status": "succeeded", "delete_job": False}
        connection.execute(sql.queries["finish_job"].encode(), ending, prepare=True)
        return 1

    def unfinished(self, connection: Connection[Any]) -> int:
        """Count what is not finished."""
        row = connection.execute(
            b"select count(*) from procrastinate_jobs where status in ('todo', 'doing')"
        ).fetchone()
        return int(row[0]) if row else 0
