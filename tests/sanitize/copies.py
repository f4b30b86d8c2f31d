"""A copy of a production that is not yet harmless: Odoo's few tables that make it one, and whatever a test adds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.sanitize.neutralize import Script
from odooops_dagster.tools.sanitize.pipeline import SanitizationReport, offenders, sanitize
from tests.servers import PostgresServer

ODOO = """
create table ir_config_parameter (key text primary key, value text);
insert into ir_config_parameter values ('database.is_neutralized', 'true');
"""


class Copy:
    """A database of an environment's own role, as a restore leaves it."""

    def __init__(self, access: DatabaseAccess) -> None:
        self.access = access

    def run(self, statements: str) -> None:
        """Run statements as the environment's role."""
        with self.connect() as connection:
            connection.execute(statements.encode())

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Return what a query finds."""
        with self.connect() as connection:
            return connection.execute(statement.encode()).fetchall()

    def sanitize(self, *masks: str, filestore: Path | None = None) -> SanitizationReport:
        """Make it harmless with masks of the project's own."""
        scripts = [Script(name=f"mask {number}", text=text) for number, text in enumerate(masks)]
        return sanitize(self.access, scripts=(), masks=scripts, progress=print, filestore=filestore)

    def offenders(self, *, by_value: bool = False) -> dict[str, list[str]]:
        """Return what the questions find."""
        return offenders(self.access, by_value=by_value)

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """Return a connection of the environment's role."""
        access = self.access
        return psycopg.connect(
            host=access.host, port=access.port, user=access.user, password=access.password, dbname=access.database
        )


@contextmanager
def new_copy(server: PostgresServer, *, odoo: str = ODOO) -> Iterator[Copy]:
    """Yield a copy that is gone at the end of the block."""
    url = urlsplit(server.url("postgres"))
    name, password = f"copy_{token_hex(6)}", token_hex(8)
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        role = sql.Identifier(name)
        admin.execute(sql.SQL("create role {} login password {}").format(role, sql.Literal(password)))
        admin.execute(sql.SQL("create database {} owner {} template template0").format(role, role))
        try:
            made = Copy(
                DatabaseAccess(host=url.hostname or "", port=url.port or 0, user=name, password=password, database=name)
            )
            made.run(odoo)
            yield made
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(role))
            admin.execute(sql.SQL("drop role {}").format(role))


@contextmanager
def as_superuser(server: PostgresServer, copy: Copy) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Yield a connection to the copy that may do what an environment's role may not."""
    with psycopg.connect(server.url(copy.access.database)) as connection:
        yield connection
