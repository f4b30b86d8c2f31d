"""Suspends triggers, rules and foreign keys of tables for a change, and restores them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psycopg

from odooops_dagster.tools.sanitize.places import Connection, Place


@contextmanager
def suspended(connection: Connection, places: Collection[Place]) -> Iterator[None]:
    """Disable triggers and rules, and defer foreign keys, of the columns' tables for the block.

    Foreign keys of these columns are checked at the end of the block. The guards of a table that the role does not own
    stay active. After an error nothing is restored, because the transaction is aborted.

    Raises:
        psycopg.IntegrityError: a foreign key is violated at the end of the block.
    """
    # A table with pending trigger events cannot be altered.
    connection.execute("set constraints all immediate")
    undo = [resume for suspend, resume in _guards(connection, places) if _may(connection, suspend)]
    connection.execute("set constraints all deferred")
    # Check unique constraints immediately, so that a violation makes `fill` try another value.
    for (name,) in connection.execute(_UNIQUE, _named(places)).fetchall():
        connection.execute(f"set constraints {name} immediate".encode())
    yield
    connection.execute("set constraints all immediate")
    for statement in reversed(undo):
        connection.execute(statement.encode())


def _may(connection: Connection, statement: str) -> bool:
    try:
        with connection.transaction():
            connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _guards(connection: Connection, places: Collection[Place]) -> list[tuple[str, str]]:
    """Return the statement that suspends each guard, and the one that restores it."""
    return [(str(suspend), str(resume)) for suspend, resume in connection.execute(_GUARDS, _named(places))]


def _named(places: Collection[Place]) -> list[list[str]]:
    return [[place.schema for place in places], [place.table for place in places], [place.name for place in places]]


_GUARDS = """
with recursive given as (
    select distinct c.oid, a.attnum
      from unnest(%s::text[], %s::text[], %s::text[]) as g (schema, tab, col)
      join pg_namespace as n on n.nspname = g.schema
      join pg_class as c on c.relnamespace = n.oid and c.relname = g.tab
      join pg_attribute as a on a.attrelid = c.oid and a.attname = g.col
), tree (oid) as (
    select oid from given
    union
    select i.inhrelid from tree as t join pg_inherits as i on i.inhparent = t.oid
)
select format('alter table only %%s disable trigger %%I', t.oid::regclass, g.tgname),
       format('alter table only %%s enable %%s trigger %%I', t.oid::regclass,
              case g.tgenabled when 'A' then 'always' else '' end, g.tgname)
  from tree as t join pg_trigger as g on g.tgrelid = t.oid
 where not g.tgisinternal and g.tgenabled in ('O', 'A')
union all
select format('alter table %%s disable rule %%I', t.oid::regclass, r.rulename),
       format('alter table %%s enable %%s rule %%I', t.oid::regclass,
              case r.ev_enabled when 'A' then 'always' else '' end, r.rulename)
  from tree as t join pg_rewrite as r on r.ev_class = t.oid
 where r.ev_type in ('2', '4') and r.ev_enabled in ('O', 'A')
union all
select distinct format('alter table %%s alter constraint %%I deferrable initially deferred',
                       c.conrelid::regclass, c.conname),
       format('alter table %%s alter constraint %%I %%s', c.conrelid::regclass, c.conname,
              case when c.condeferrable then 'deferrable initially immediate' else 'not deferrable' end)
  from pg_constraint as c
  join given as g
    on g.oid = c.conrelid and g.attnum = any(c.conkey) or g.oid = c.confrelid and g.attnum = any(c.confkey)
 where c.contype = 'f' and c.conparentid = 0 and not c.condeferred
"""
_UNIQUE = """
select distinct format('%%I.%%I', n.nspname, k.conname)
  from unnest(%s::text[], %s::text[], %s::text[]) as g (schema, tab, col)
  join pg_namespace as n on n.nspname = g.schema
  join pg_class as c on c.relnamespace = n.oid and c.relname = g.tab
  join pg_constraint as k on k.conrelid = c.oid and k.contype in ('p', 'u', 'x') and k.condeferrable
"""
