"""Queues under measure, each driven through the same psycopg connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from psycopg import Connection


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

    def open(self, connection: Connection[Any]) -> None:
        """Prepare a worker's fresh connection."""
        ...

    def put(self, connection: Connection[Any], number: int) -> None:
        """Queue one job; `number` is its place in the round."""
        ...

    def work(self, connection: Connection[Any], worker: str, batch: int) -> int:
        """Claim up to `batch` jobs and end them; return how many there were."""
        ...

    def unfinished(self, connection: Connection[Any]) -> int:
        """Return how many jobs have not ended."""
        ...
