"""Real PostgreSQL servers for the tests: private, quick rather than durable, gone with the test process."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import shutil
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Any, LiteralString

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from odooops_dagster.home import FORMER_SUPERUSER_SECRET, SUPERUSER
from odooops_dagster.local.clusters import CONTROL, ENVIRONMENTS
from odooops_dagster.local.postgres import EmbeddedPostgres
from odooops_dagster.local.provision import provision_control, provision_environments
from odooops_dagster.tools.postgres.connections import Connection
from tests.recycling import Recycled

TEMPLATE = "migrated_template"
# Locked by the test process as long as it lives.
ALIVE = "alive.lock"
# Time in which a new lock file is locked for certain.
JUST_MADE_SECONDS = 60
# More than any server of the tests allows.
MORE_CONNECTIONS = 1000
# Some twenty Odoo databases.
ENOUGH_MEMORY_BYTES = 2 * 1024**3
# The first version of PostgreSQL that is told how often it hashes a new password.
COUNTS_HASHES = 160000


def provision_both(connection: Connection, password: Callable[[str], str]) -> None:
    """Make what both of the platform's clusters hold in one."""
    provision_control(connection, password)
    provision_environments(connection, password)


# One server for all, whose superuser logs in: one that people bring, and the cluster of earlier versions.
WHOLE = replace(
    ENVIRONMENTS,
    logins=(*CONTROL.logins, *ENVIRONMENTS.logins),
    superuser_secret=FORMER_SUPERUSER_SECRET,
    provision=provision_both,
)


class PostgresServer:
    """A running server and the template from which it makes databases."""

    def __init__(self, embedded: EmbeddedPostgres) -> None:
        self.embedded = embedded
        self._has_template = False
        self._superuser: psycopg.Connection | None = None
        self._recycled: list[Recycled] = []

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

    @contextmanager
    def recycled_database(self) -> Iterator[str]:
        """Yield the owner's URL of a migrated database as good as fresh, which other tests may have used."""
        recycled = self._recycled.pop() if self._recycled else self._new()
        try:
            yield self.url(recycled.name)
        finally:
            if recycled.clean():
                self._recycled.append(recycled)
            else:
                recycled.close()
                self._execute("drop database if exists {} with (force)", recycled.name)

    @contextmanager
    def without_used_databases(self) -> Iterator[None]:
        """Let nobody inside have a database that was used before."""
        used, self._recycled = self._recycled, []
        try:
            yield
        finally:
            self._recycled += used

    def _new(self) -> Recycled:
        name = f"test_{token_hex(6)}"
        self._execute("create database {} template {} strategy file_copy", name, self._template())
        return Recycled(name, self.url(name))

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
        self._connection().execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))

    def _connection(self) -> psycopg.Connection:
        """Return the superuser's kept connection, which a test may have ended, or with it the server."""
        if self._superuser is not None:
            with suppress(psycopg.OperationalError):
                self._superuser.execute("select 1")
                return self._superuser
            self._superuser.close()
        self._superuser = psycopg.connect(self.url("postgres"), autocommit=True)
        return self._superuser

    def make_logins_cheap(self) -> None:
        """Hash passwords once and not 4096 times: the tests log in some ten thousand times."""
        if self._connection().info.server_version >= COUNTS_HASHES:
            self._execute("alter system set scram_iterations = 1")
            self._execute("select pg_reload_conf()")
        for user in (SUPERUSER, *WHOLE.logins):
            password = str(conninfo_to_dict(self.url("postgres", user))["password"])
            statement = sql.SQL("alter role {} password {}")
            self._connection().execute(statement.format(sql.Identifier(user), sql.Literal(hashed_once(password))))

    def close(self) -> None:
        """Close the kept connections."""
        for recycled in self._recycled:
            recycled.close()
        if self._superuser is not None:
            self._superuser.close()


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
        embedded = EmbeddedPostgres(home, WHOLE, bin_dir=bin_dir, durable=False)
        embedded.start()
        server = PostgresServer(embedded)
        try:
            server.make_logins_cheap()
            yield server
        finally:
            server.close()
            embedded.stop()


def processes_of(server: EmbeddedPostgres) -> list[psutil.Process]:
    """Return the server's processes, the first of which is the server itself."""
    found = [each for each in psutil.process_iter() if _works_in(each) == ("postgres", server.data)]
    return sorted(found, key=lambda each: (each.create_time(), each.pid))


def _works_in(process: psutil.Process) -> tuple[str, Path] | None:
    try:
        return process.name(), Path(process.cwd())
    except psutil.Error:
        return None


def hashed_once(password: str) -> str:
    """Return what a server keeps of the password (RFC 5802), with one iteration, which PostgreSQL 15 takes too."""
    salt = token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    client, server = (hmac.digest(salted, f"{who} Key".encode(), "sha256") for who in ("Client", "Server"))
    kept = (hashlib.sha256(client).digest(), server)
    encoded = [b64encode(each).decode() for each in (salt, *kept)]
    return "SCRAM-SHA-256$1:{}${}:{}".format(*encoded)


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
