"""Sees every row: policies that bind even a table's owner would hide rows from the scrub and from the search alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]


@contextmanager
def every_row(connection: Connection) -> Iterator[None]:
    """Free our tables of policies that bind their owner, and bind them again where the block ends well.

    A table of somebody else's raises as soon as a policy would hide a row of it (`row_security`).
    """
    connection.execute("set local row_security = off")
    forced = [sql.Identifier(str(schema), str(name)) for schema, name in connection.execute(_FORCED)]
    for table in forced:
        connection.execute(sql.SQL("alter table {} no force row level security").format(table))
    yield
    if forced:
        connection.execute("set constraints all immediate")  # nothing may be pending on a table that is altered
    for table in forced:
        connection.execute(sql.SQL("alter table {} force row level security").format(table))


_FORCED = """
select n.nspname, c.relname
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where c.relforcerowsecurity and pg_has_role(c.relowner, 'usage')
"""
