"""Real PostgreSQL servers for the tests: private, quick rather than durable, gone with the test process."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from odooops_dagster.local.postgres import EmbeddedPostgres

TEMPLATE = "migrated_template"
# Locked by the test process as long as it lives.
ALIVE = "alive.lock"
# Time in which a new lock file is locked for certain.
JUST_MADE_SECONDS = 60
# More than any server of the tests allows.
MORE_CONNECTIONS = 1000
# Some twenty Odoo databases.
ENOUGH_MEMORY_BYTES = 2 * 1024**3


class PostgresServer:
    """A running server and the template from which it makes databases."""

    def __init__(self, embedded: EmbeddedPostgres) -> None:
        self.embedded = embedded
        self._has_template = False

    def url(self, dbname: str, user: str = "postgres") -> str:
        """Return the URL of a database for postgres or one of the platform's logins."""
        return self.embedded.url(dbname, user)

    @contextmanager
    def fresh_database(self, *, migrated: bool = True) -> Iterator[str]:
        """Yield the owner's URL of a database that lives as long as the block."""
        name = f"test_{token_hex(6)}"
        template = self._template() if migrated else "template0"
        # The other strategy, wal_log, takes six times as long.
        self._execute("create database {} template {} strategy file_copy", name, template)
        try:
            yield self.url(name)
        finally:
            self._execute("drop database if exists {} with (force)", name)

    def _template(self) -> str:
        if not self._has_template:
            self._execute("drop database if exists {}", TEMPLATE)
            self._execute("create database {}", TEMPLATE)
            self.fill(self.url(TEMPLATE))
            self._has_template = True
        return TEMPLATE

    def fill(self, url: str) -> None:
        """Bring the schema to the database of which the others are copies."""
        from odooops_dagster.control.migrate import migrate  # noqa: PLC0415 -- most tests need no schema

        migrate(url)

    def rows(self, dbname: str, statement: str) -> list[tuple[Any, ...]]:
        """Return what a query finds in a database, as the superuser."""
        with psycopg.connect(self.url(dbname)) as connection:
            return connection.execute(statement.encode()).fetchall()

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


@contextmanager
def state_folder(prefix: str, *, parent: Path | None = None) -> Iterator[Path]:
    """Yield a folder that the server's account may enter, which pytest's own temporary folders refuse."""
    folder = Path(tempfile.mkdtemp(prefix=f"odooops-{prefix}-", dir=parent))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_server(prefix: str, *, bin_dir: Path | None = None) -> Iterator[PostgresServer]:
    """Yield a server that is stopped and forgotten at the end of the block."""
    parent = memory_disk() or Path(tempfile.gettempdir())
    sweep(parent)
    with state_folder(prefix, parent=parent) as home, (home / ALIVE).open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        embedded = EmbeddedPostgres(home, bin_dir=bin_dir, durable=False)
        embedded.start()
        try:
            yield PostgresServer(embedded)
        finally:
            embedded.stop()


def sweep(parent: Path) -> None:
    """Remove the folders of servers whose test process was killed; a living one holds its lock."""
    for alive in parent.glob(f"odooops-*/{ALIVE}"):
        with suppress(OSError), alive.open() as file:
            if time.time() - alive.stat().st_mtime > JUST_MADE_SECONDS:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(alive.parent, ignore_errors=True)


def memory_disk() -> Path | None:
    """Return a disk in memory with room for a server, where the machine has one; a container's own is too small."""
    disk = Path("/dev/shm")  # noqa: S108 -- private folders are made in it
    roomy = disk.is_dir() and shutil.disk_usage(disk).free > ENOUGH_MEMORY_BYTES
    return disk if roomy and os.access(disk, os.W_OK) else None


@contextmanager
def every_connection(url: str) -> Iterator[tuple[int, str]]:
    """Hold as many connections as the login can open; yield their number, and why there are no more."""
    with ExitStack() as stack:
        for number in range(MORE_CONNECTIONS):
            try:
                stack.enter_context(psycopg.connect(url))
            except psycopg.OperationalError as exc:
                yield number, str(exc)
                return


def as_user(url: str, user: str, server: PostgresServer) -> str:
    """Return the URL of the same database for another of the server's login roles."""
    return server.url(url.rsplit("/", 1)[1], user)
