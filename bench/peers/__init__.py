"""Queues under measure, each driven through the same psycopg connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from psycopg import Connection

# What a queue needs to know of a job that it handed out.
Claimed = Any


class Queue(Protocol):
    """One queue: how a job is put into it, and how a worker takes jobs through to their end."""

    @property
    def batches(self) -> bool:
        """Whether it can claim several jobs at once."""
        ...

    @property
    def tables(self) -> Sequence[str]:
        """Tables that the measured calls write; vacuumed between the timed phases."""
        ...

    def open(self, connection: Connection[Any], what: str) -> None:
        """Prepare a worker's fresh connection, with which it will "put" jobs or "drain" the queue."""
        ...

    def put(self, connection: Connection[Any], number: int) -> None:
        """Queue one job; `number` is its place in the round."""
        ...

    def claim(self, connection: Connection[Any], worker: str, batch: int) -> Sequence[Claimed]:
        """Take up to `batch` jobs."""
        ...

    def end(self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]) -> None:
        """Take the claimed jobs to their end."""
        ...

    def end_and_claim(
        self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]
    ) -> Sequence[Claimed] | None:
        """End the job and claim the next in one exchange; None where the queue does one after the other."""
        ...

    def unfinished(self, connection: Connection[Any]) -> int:
        """Return how many jobs have not ended."""
        ...


class OneByOne:
    """A queue whose worker waits for each answer before it says the next thing."""

    def end_and_claim(
        self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]
    ) -> Sequence[Claimed] | None:
        """Do nothing of the kind."""
        del connection, worker, jobs
        return None


def count(connection: Connection[Any], query: bytes) -> int:
    """Return the number that the query gives."""
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
