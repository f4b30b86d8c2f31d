"""Opens every connection to the environments' server: the effect decides the role.

An environment's role owns what is in its database, so that its functions, operators, views, casts, policies and
triggers run with the rights of whoever reads or writes there. Reading and writing is therefore done as the
environment's role, over a connection of its own: a function can undo `set role`. The administrator works in the
maintenance database, where no environment's role may connect, and enters an environment's database only to change
owners and rights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
from psycopg.conninfo import make_conninfo

from odooops_dagster.model import DatabaseAccess

Connection = psycopg.Connection[tuple[Any, ...]]

_CONNECT_TIMEOUT_SECONDS = 10
# Sent before anything else, with every name qualified, and as one message. Minor releases of August 2024 brought the
# setting that refuses views (CVE-2024-7348); pg_dump does the same with both.
_CATALOG_ONLY: LiteralString = """
select pg_catalog.set_config('search_path', 'pg_catalog', false);
select pg_catalog.set_config(name, 'view, foreign-table', false)
  from pg_catalog.pg_settings where name = 'restrict_nonsystem_relation_kind';
"""
# The path of a server's own default: triggers and masking scripts find their tables as in production.
_AS_ODOO: LiteralString = "select pg_catalog.set_config('search_path', '\"$user\", public', false)"


def administrator(url: str) -> Connection:
    """Connect as the administrator to the maintenance database, in which no environment has an object."""
    return _opened(psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_SECONDS), _CATALOG_ONLY)


def administrator_inside(url: str, database: str) -> Connection:
    """Connect as the administrator to an environment's database, to change owners and rights and nothing else.

    Only the catalog's own operators and functions are found, and views are refused.
    """
    connection = psycopg.connect(url, dbname=database, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_SECONDS)
    return _opened(connection, _CATALOG_ONLY)


def reader(access: DatabaseAccess, *, application: str) -> Connection:
    """Connect as the role of `access` to read: views and foreign tables in place of tables are refused."""
    return _opened(_connect(access, application), _CATALOG_ONLY)


def writer(access: DatabaseAccess, *, application: str, settings: Mapping[str, str] | None = None) -> Connection:
    """Connect as the role of `access` to write, with the search path of Odoo; `settings` apply from the start."""
    return _opened(_connect(access, application, settings or {}), _AS_ODOO)


def libpq_variables(access: DatabaseAccess) -> dict[str, str]:
    """Return the variables by which PostgreSQL's programs connect; other users cannot read a program's environment."""
    return {
        "PGHOST": access.host,
        "PGPORT": str(access.port),
        "PGUSER": access.user,
        "PGPASSWORD": access.password,
        "PGDATABASE": access.database,
        **{f"PG{name.upper()}": value for name, value in access.options.items()},
    }


def conninfo(access: DatabaseAccess) -> str:
    """Return the connection string, with special characters in the database name escaped."""
    return make_conninfo(
        host=access.host,
        port=access.port,
        user=access.user,
        password=access.password,
        dbname=access.database,
        **access.options,
    )


def _connect(access: DatabaseAccess, application: str, settings: Mapping[str, str] | None = None) -> Connection:
    options = {"options": " ".join(f"-c {name}={value}" for name, value in settings.items())} if settings else {}
    return psycopg.connect(
        make_conninfo(conninfo(access), **options),
        autocommit=True,
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        application_name=application,
    )


def _opened(connection: Connection, statement: LiteralString) -> Connection:
    """Run the first statement, outside of a transaction: a rollback would undo it."""
    try:
        connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection
