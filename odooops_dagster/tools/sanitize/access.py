"""Makes every row visible: forced row security would hide rows from the scrub and from the search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]


@contextmanager
def every_row(connection: Connection) -> Iterator[None]:
    """Disable forced row security on our tables for the block, and restore it if the block succeeds.

    A query on another role's table raises an error if a policy would hide a row (`row_security = off`).
    """
    connection.execute("set local row_security = off")
    forced = [sql.Identifier(str(schema), str(name)) for schema, name in connection.execute(_FORCED)]
    for table in forced:
        connection.execute(sql.SQL("alter table {} no force row level security").format(table))
    yield
    if forced:
        connection.execute("set constraints all immediate")  # a table with pending triggers cannot be altered
    for table in forced:
        connection.execute(sql.SQL("alter table {} force row level security").format(table))


_FORCED = """
select n.nspname, c.relname
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where c.relforcerowsecurity and pg_has_role(c.relowner, 'usage')
"""
