"""The content of a database in numbers: two databases with the same ones hold the same rows."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from odooops_dagster.tools.postgres.connections import Connection

# Number of rows, and the sum of the rows' hashes.
Checksums = dict[str, tuple[int, str]]
# How far each sequence is: the number it gives next, negative where it counts down. It only grows.
Positions = dict[str, int]


def checksums(connection: Connection) -> Checksums:
    """Return the number of rows and a checksum of each table, as the transaction sees them."""
    return {f"{schema}.{name}": _sum(connection, schema, name) for schema, name in _named(connection, "r", "m")}


def positions(connection: Connection) -> Positions:
    """Return how far each sequence is now; a transaction sees at once what others take from a sequence."""
    return {f"{schema}.{name}": _position(connection, schema, name) for schema, name in _named(connection, "S")}


def differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Return the names whose figures are not the same, or that are in one of the two alone."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def behind(before: Positions, after: Positions) -> list[str]:
    """Return the sequences of `before` that would give a number again, or that `after` lacks."""
    return sorted(name for name, position in before.items() if name not in after or after[name] < position)


def _named(connection: Connection, *kinds: str) -> list[tuple[str, str]]:
    query = """
        select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
         where c.relkind = any(%s::"char"[]) and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    """
    return connection.execute(query, [list(kinds)]).fetchall()


def _sum(connection: Connection, schema: str, name: str) -> tuple[int, str]:
    # The order of rows is not the same.
    statement = sql.SQL("select count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text from {} as t")
    [(count, checksum)] = connection.execute(statement.format(sql.Identifier(schema, name))).fetchall()
    return count, checksum


def _position(connection: Connection, schema: str, name: str) -> int:
    # log_cnt depends on what is in the log.
    statement = sql.SQL("""
        select sign(d.seqincrement)::bigint * (s.last_value + case when s.is_called then d.seqincrement else 0 end)
          from {} as s, pg_sequence as d where d.seqrelid = s.tableoid
    """)
    [(position,)] = connection.execute(statement.format(sql.Identifier(schema, name))).fetchall()
    return int(position)
