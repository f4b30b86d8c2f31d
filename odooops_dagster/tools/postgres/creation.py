"""Creates and drops databases: empty, or as a copy of a template."""

from __future__ import annotations

from psycopg import errors as pg

from odooops_dagster.tools.postgres.connections import Connection
from odooops_dagster.tools.postgres.database_rights import end_connections, execute

_PG15 = 150000
# From this size on, file_copy is faster than wal_log: with fsync, 65 MB take 0.7 s either way, and the cost of the log
# grows with the size (measured).
_LARGE_BYTES = 256 * 2**20


def create_database(connection: Connection, name: str, *, template: str | None) -> None:
    """Create the database without connections allowed, so that nobody connects before its rights are set."""
    if template is None:
        # Odoo also creates empty databases with the C collation: faster indexes, the same order on every server.
        execute(
            connection,
            "create database {} template template0 encoding 'UTF8' lc_collate 'C' allow_connections false",
            name,
        )
        return
    end_connections(connection, template)
    if _is_large(connection, template):
        execute(connection, "create database {} template {} allow_connections false strategy file_copy", name, template)
    else:
        execute(connection, "create database {} template {} allow_connections false", name, template)


def drop_database(connection: Connection, name: str) -> None:
    """Drop the database and its connections, also without superuser rights."""
    try:
        execute(connection, "drop database if exists {} with (force)", name)
    except pg.InsufficientPrivilege:
        # Without superuser rights we cannot end a superuser's session, such as autovacuum's; a drop without force makes
        # autovacuum stop.
        end_connections(connection, name)
        execute(connection, "drop database if exists {}", name)


def _is_large(connection: Connection, name: str) -> bool:
    """Return whether a copy of the files, with two checkpoints, is faster than writing every page to the log."""
    if connection.info.server_version < _PG15:
        return False
    row = connection.execute(
        "select pg_database_size(oid) > %s from pg_database where datname = %s", [_LARGE_BYTES, name]
    ).fetchone()
    if row is None or not row[0]:
        return False
    # PostgreSQL 18 can clone files on a file system that shares blocks.
    if connection.execute(
        "select from pg_settings where name = 'file_copy_method' and 'clone' = any(enumvals)"
    ).rowcount:
        connection.execute("set file_copy_method = clone")
    return True
