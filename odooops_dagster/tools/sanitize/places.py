"""Columns of ordinary tables and their definition in the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """A column of a table; policies name it `table.column`, with the schema if that is not public."""

    schema: str = "public"
    table: str
    name: str

    def __str__(self) -> str:
        """Return `table.column`, with the schema if that is not public."""
        return f"{self.table}.{self.name}" if self.schema == "public" else f"{self.schema}.{self.table}.{self.name}"

    @property
    def relation(self) -> sql.Identifier:
        """Return the quoted name of the table."""
        return sql.Identifier(self.schema, self.table)

    @property
    def column(self) -> sql.Identifier:
        """Return the quoted name of the column."""
        return sql.Identifier(self.name)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The definition of a column: its type below all domains, its length, and whether it accepts null."""

    declared: str  # for use in a cast, with its length
    base: str
    category: str  # typcategory: A for arrays, E for enums
    length: int | None
    takes_null: bool
    words: tuple[str, ...]  # string literals in its check constraints


def places_of(connection: Connection) -> dict[str, Place]:
    """Return every updatable column, by its readable name."""
    rows = connection.execute(
        """
        select n.nspname, c.relname, a.attname
          from pg_attribute as a
          join pg_class as c on c.oid = a.attrelid
          join pg_namespace as n on n.oid = c.relnamespace
         where a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
           and c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
           and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
        """
    )
    found = (Place(schema=schema, table=table, name=name) for schema, table, name in rows)
    return {str(place): place for place in found}


def linked(connection: Connection, places: Collection[Place]) -> list[Place]:
    """Return the columns that refer to these by foreign keys, directly or indirectly."""
    rows = connection.execute(
        """
        with recursive given (rel, att) as (
            select a.attrelid, a.attnum
              from unnest(%s::text[], %s::text[], %s::text[]) as g (schema, tab, col)
              join pg_namespace as n on n.nspname = g.schema
              join pg_class as c on c.relnamespace = n.oid and c.relname = g.tab
              join pg_attribute as a on a.attrelid = c.oid and a.attname = g.col
        ), pairs as (
            select c.conrelid, k.child, c.confrelid, k.parent
              from pg_constraint as c, unnest(c.conkey, c.confkey) as k (child, parent)
             where c.contype = 'f' and c.conparentid = 0
        ), reached (rel, att) as (
            select rel, att from given
            union
            select p.conrelid, p.child from reached as r join pairs as p on p.confrelid = r.rel and p.parent = r.att
        )
        select n.nspname, c.relname, a.attname
          from (select rel, att from reached except select rel, att from given) as l
          join pg_class as c on c.oid = l.rel
          join pg_namespace as n on n.oid = c.relnamespace
          join pg_attribute as a on a.attrelid = l.rel and a.attnum = l.att
        """,
        [[place.schema for place in places], [place.table for place in places], [place.name for place in places]],
    )
    return sorted(Place(schema=schema, table=table, name=name) for schema, table, name in rows)


def count_of(connection: Connection, place: Place) -> int:
    """Return the number of rows in which the column is not null."""
    query = sql.SQL("select count(*) from {} where {} is not null").format(place.relation, place.column)
    [(count,)] = connection.execute(query).fetchall()
    return int(count)


def facts_of(connection: Connection, place: Place) -> Facts:
    """Return the definition of the column; `length` is None if its type has no length."""
    [row] = connection.execute(_FACTS, {"table": place.relation.as_string(connection), "column": place.name}).fetchall()
    declared, base, category, modifier, takes_null, words = row
    return Facts(
        declared=declared,
        base=base,
        category=category,
        length=modifier - _HEADER if modifier > _HEADER else None,
        takes_null=takes_null,
        words=_distinct(words),
    )


def _distinct(words: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words or ()))[:_WORDS]


# The type modifier of a character type includes the header's size (PostgreSQL: src/backend/utils/adt/varchar.c).
_HEADER = 4
# Maximum number of words tried from a check; a longer list needs a rule in the policy.
_WORDS = 12
_FACTS = r"""
with recursive declared as (
    select a.attrelid, a.attnum, a.attnotnull, a.atttypid, a.atttypmod
      from pg_attribute as a where a.attrelid = %(table)s::regclass and a.attname = %(column)s
), types (oid, modifier, is_required) as (
    select d.atttypid, d.atttypmod, d.attnotnull or t.typnotnull
      from declared as d join pg_type as t on t.oid = d.atttypid
    union all
    select t.typbasetype, case when s.modifier = -1 then t.typtypmod else s.modifier end, s.is_required or b.typnotnull
      from types as s
      join pg_type as t on t.oid = s.oid and t.typtype = 'd'
      join pg_type as b on b.oid = t.typbasetype
)
select format_type(d.atttypid, d.atttypmod), t.typname, t.typcategory::text,
       case when coalesce(e.typname, t.typname) in ('varchar', 'bpchar') then s.modifier else -1 end,
       not s.is_required and not exists ( -- what others point at is not emptied: they would point at nothing
           select from pg_constraint as c
            where c.contype = 'f' and c.confrelid = d.attrelid and d.attnum = any(c.confkey)
       ),
       (select array_agg(w.word[1])
          from pg_constraint as c
         cross join lateral regexp_matches(pg_get_constraintdef(c.oid), '''((?:[^'']|'''')*)''', 'g') as w (word)
         where c.contype = 'c' and c.conrelid = d.attrelid and d.attnum = any(c.conkey))
  from declared as d
 cross join types as s
  join pg_type as t on t.oid = s.oid
  left join pg_type as e on e.oid = t.typelem and t.typcategory = 'A'
 where t.typtype <> 'd'
"""
