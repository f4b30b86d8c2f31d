"""Builds the indexes of a load, which take most of its time after the rows, on several connections at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from typing import Any

import psycopg

from odooops_dagster.tools.backup.left_out import is_no_answer

Connection = psycopg.Connection[tuple[Any, ...]]

# Kinds of entries that read their own table alone, and do not need each other.
KINDS = frozenset({"INDEX", "CONSTRAINT"})
# Each may sort in this memory, in kB; the server's own default is meant for vacuum beside users.
_SORT_KB = 128 * 1024
_MOST = 4


def build(texts: Sequence[bytes], *, connect: Callable[[], AbstractContextManager[Connection]]) -> set[int]:
    """Execute the statements, and return the positions of those that the server took.

    The caller executes the others again, one by one: what was refused for the work beside it is then taken.

    Raises:
        psycopg.Error: the server does not answer.
    """
    positions = count()

    def work() -> set[int]:
        made: set[int] = set()
        with ExitStack() as opened:
            try:
                connection = opened.enter_context(connect())
                connection.execute("select set_config('maintenance_work_mem', %s, false)", [f"{_SORT_KB}kB"])
            except psycopg.Error:
                return made  # the role may have no more connections: the others do its part
            while (position := next(positions)) < len(texts):
                if _takes(connection, texts[position]):
                    made.add(position)
        return made

    workers = min(_MOST, os.cpu_count() or 1, len(texts))
    if workers < 2:
        return set()
    with ThreadPoolExecutor(workers, thread_name_prefix="indexes") as pool:
        return set().union(*[future.result() for future in [pool.submit(work) for _ in range(workers)]])


def _takes(connection: Connection, text: bytes) -> bool:
    try:
        connection.execute(text)
    except psycopg.Error as exc:
        if is_no_answer(exc.sqlstate):
            raise
        return False
    return True
