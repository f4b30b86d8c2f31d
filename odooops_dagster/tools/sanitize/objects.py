"""Drops the large objects that a secret column refers to; all others are searched instead."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from odooops_dagster.tools.sanitize.secrets import SecretList

Connection = psycopg.Connection[Any]


def unlink_secret_objects(connection: Connection, known: SecretList) -> dict[str, int]:
    """Drop the large objects that secret oid columns refer to; return their number by `table.column`."""
    counts = {}
    for schema, table, name in connection.execute(_COLUMNS).fetchall():
        qualified = table if schema == "public" else f"{schema}.{table}"
        if known.is_secret(qualified, name):
            counts[f"{qualified}.{name}"] = connection.execute(
                sql.SQL(
                    "select lo_unlink(o.oid) from pg_largeobject_metadata as o where o.oid in (select {} from {})"
                ).format(sql.Identifier(name), sql.Identifier(schema, table))
            ).rowcount
    return counts


_COLUMNS = """
select n.nspname, c.relname, a.attname
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid and c.relkind in ('r', 'p') and not c.relispartition
  join pg_namespace as n on n.oid = c.relnamespace
  join pg_type as t on t.oid = a.atttypid and (t.oid = 'oid'::regtype or t.typbasetype = 'oid'::regtype)
 where a.attnum > 0 and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
"""
