"""Clears old values that PostgreSQL keeps outside of tables: materialized views and statistics."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]

# The server version that added pg_clear_attribute_stats (PostgreSQL's docs, "Statistics Manipulation Functions").
_CLEARS_STATISTICS = 180000


def refresh_views(connection: Connection) -> dict[str, int]:
    """Refresh the materialized views in the order of their dependencies; return a count of 1 for each, by name.

    A view that cannot be refreshed is emptied, because its old rows may hold secrets.
    """
    names = [(str(schema), str(name)) for schema, name in connection.execute(_VIEWS)]
    for schema, name in names:
        view = sql.Identifier(schema, name)
        try:
            with connection.transaction():
                connection.execute(sql.SQL("refresh materialized view {}").format(view))
        except psycopg.Error:
            connection.execute(sql.SQL("refresh materialized view {} with no data").format(view))
    return {f"{schema}.{name} (refreshed)": 1 for schema, name in names}


def clear_statistics(connection: Connection) -> None:
    """Clear the statistics of the tables that this transaction changed: pg_stats shows old values to their owner."""
    clears = connection.info.server_version >= _CLEARS_STATISTICS
    for schema, name in connection.execute(_CHANGED).fetchall():
        if clears:
            connection.execute(_CLEAR, [schema, name])
        else:
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, name)))


# The statistics of a parent table also cover its children and partitions.
_CHANGED = """
with recursive changed (oid) as (
    select relid from pg_stat_xact_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0
    union
    select i.inhparent from pg_inherits as i join changed on changed.oid = i.inhrelid
)
select n.nspname, c.relname
  from changed
  join pg_class as c on c.oid = changed.oid
  join pg_namespace as n on n.oid = c.relnamespace
"""
_CLEAR = """
select pg_clear_attribute_stats(schemaname, tablename, attname, inherited)
  from pg_stats where schemaname = %s and tablename = %s
"""
# Order by dependency depth from the views' rules; the oid breaks ties, because a view is usually created after the
# relations that it reads.
_VIEWS = """
with recursive reads (view, source) as (
    select distinct r.ev_class, d.refobjid
      from pg_rewrite as r
      join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
       and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
      join pg_class as v on v.oid = r.ev_class and v.relkind in ('v', 'm')
), depths (view, depth) as (
    select view, 0 from reads
    union
    select r.view, p.depth + 1 from reads as r join depths as p on p.view = r.source
)
select n.nspname, c.relname
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  left join (select view, max(depth) as depth from depths group by view) as d on d.view = c.oid
 where c.relkind = 'm' and c.relispopulated
 order by coalesce(d.depth, 0), c.oid
"""
