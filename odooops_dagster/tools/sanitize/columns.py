"""Lists the columns that can be read as text, of every type and in every schema except the system's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from odooops_dagster.tools.sanitize.secrets import SecretList

# Maximum bytes read of a bytea value; a key with its certificate chain is shorter.
BYTES_READ = 65536


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the copy; `data_type` is its declared type, `base` the type below its domains."""

    table: str
    name: str
    data_type: str
    is_nullable: bool
    schema: str = "public"
    base: str = ""  # array, composite, enum, range, or the name of a base type
    relation: str = "table"  # table, view, materialized view or foreign table
    is_generated: bool = False
    is_readable: bool = True  # for the current role
    is_writable: bool = True

    @property
    def place(self) -> str:
        """Return `table.column`, with the schema if that is not public."""
        return f"{self.qualified_table}.{self.name}"

    @property
    def qualified_table(self) -> str:
        """Return the table's name, with the schema if that is not public; the list of secrets uses this name."""
        return self.table if self.schema == "public" else f"{self.schema}.{self.table}"

    @property
    def identifier(self) -> sql.Identifier:
        """Return the quoted name of the table."""
        return sql.Identifier(self.schema, self.table)

    @property
    def as_text(self) -> sql.Composed:
        """Return the SQL expression that reads the column as text."""
        read = "{}::text"
        if self.base == "bytea":
            read = f"encode(substring({{}} from 1 for {BYTES_READ}), 'escape')"
        return sql.SQL(read).format(sql.Identifier(self.name))


def readable_columns(connection: psycopg.Connection[Any]) -> list[Column]:
    """Return every column that can be read as text; the partitions of a table are not listed separately."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return [Column(**row) for row in cursor.execute(_COLUMNS).fetchall()]


def ordinary_tables(connection: psycopg.Connection[Any]) -> frozenset[str]:
    """Return the names of the tables in schema public."""
    rows = connection.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    )
    return frozenset(str(name) for (name,) in rows)


def ordinary_columns(connection: psycopg.Connection[Any]) -> frozenset[str]:
    """Return the columns of the tables in schema public, each as `table.column`."""
    rows = connection.execute(
        "select c.relname || '.' || a.attname from pg_class as c join pg_attribute as a on a.attrelid = c.oid"
        " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0"
    )
    return frozenset(str(name) for (name,) in rows)


def secret_columns(columns: Iterable[Column], known: SecretList) -> tuple[Column, ...]:
    """Return the columns that hold secrets by name or by the series' list, in the given order.

    Enum columns are excluded, because their labels belong to the type and are not secret.
    """
    return tuple(
        column for column in columns if column.base != "enum" and known.is_secret(column.qualified_table, column.name)
    )


def writable(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return the columns that our role can update."""
    return tuple(
        column for column in columns if column.relation == "table" and column.is_writable and not column.is_generated
    )


# `parts` are the types inside a type: a domain's base, an array's element, a composite's fields, a range's bounds.
# Numbers, dates, booleans, geometric and network types hold no secret (typcategory: PostgreSQL's docs, pg_type).
_COLUMNS = """
with recursive attributes as (
    select a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated,
           n.nspname, c.relname, c.relkind, has_table_privilege(c.oid, 'select') as is_readable,
           has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'update') as is_writable
      from pg_attribute as a
      join pg_class as c on c.oid = a.attrelid
      join pg_namespace as n on n.oid = c.relnamespace
     where a.attnum > 0 and not a.attisdropped
       and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and c.relpersistence <> 't'
       and (c.relkind <> 'm' or c.relispopulated)
       and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
), parts (whole, part) as (
    select distinct atttypid, atttypid from attributes
    union
    select p.whole, inner_type.oid
      from parts as p
      join pg_type as t on t.oid = p.part
      cross join lateral (
          select t.typbasetype as oid where t.typtype = 'd'
          union all
          select t.typelem where t.typcategory = 'A' and t.typelem <> 0
          union all
          select r.rngsubtype from pg_range as r where t.oid in (r.rngtypid, r.rngmultitypid)
          union all
          select f.atttypid from pg_attribute as f
           where f.attrelid = t.typrelid and t.typtype = 'c' and f.attnum > 0 and not f.attisdropped
      ) as inner_type
), readable as (
    select distinct p.whole
      from parts as p
      join pg_type as t on t.oid = p.part
     where t.typtype in ('b', 'e') and t.typcategory not in ('A', 'B', 'D', 'G', 'I', 'N', 'P', 'T')
), bases (whole, base) as (
    select distinct atttypid, atttypid from attributes
    union
    select b.whole, t.typbasetype from bases as b join pg_type as t on t.oid = b.base where t.typtype = 'd'
)
select a.nspname as schema, a.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as data_type,
       not (a.attnotnull or declared.typnotnull) as is_nullable, a.attgenerated <> '' as is_generated,
       a.is_readable, a.is_writable,
       case a.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
           else 'table' end as relation,
       case when base.typcategory = 'A' then 'array' when base.typtype = 'c' then 'composite'
           when base.typtype = 'e' then 'enum' when base.typtype in ('r', 'm') then 'range'
           else base.typname end as base
  from attributes as a
  join readable on readable.whole = a.atttypid
  join pg_type as declared on declared.oid = a.atttypid
  join bases on bases.whole = a.atttypid
  join pg_type as base on base.oid = bases.base and base.typtype <> 'd'
 order by a.nspname = 'public' desc, a.nspname, a.relname, a.attnum
"""
