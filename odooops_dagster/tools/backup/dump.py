"""Runs pg_dump and pg_restore: a dump as a stream from one snapshot, its entries, and its SQL."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from odooops_dagster.child_environment import LIBPQ, clean_environment
from odooops_dagster.errors import MissingDependency, StepFailed, Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup.external_files import split_by_store
from odooops_dagster.tools.postgres.checksums import Checksums, Positions, checksums, positions
from odooops_dagster.tools.postgres.connections import libpq_variables, reader
from odooops_dagster.unreachable import first_line

# pg_dump fails with a hint if another session holds a table lock for longer than this.
_LOCK_WAIT = "60s"
_MESSAGE_LINES = 5
_BLOCK = 1024 * 1024
# Error message of these programs, and its hint.
_HINTS = (
    ("server version mismatch", "it is older than the server: install the server's own version of it"),
    ("unsupported version", "it is older than the one that wrote the dump: install a newer version"),
    ("lock timeout", f"someone holds a table for longer than {_LOCK_WAIT}: see pg_stat_activity, or try again later"),
    (
        "permission denied to create extension",
        "let a superuser trust the extension on this server, or restore on another",
    ),
    ("is not available", "install the extension on this server (Debian: postgresql-contrib), or restore on another"),
    ("permission denied for", "let the role read every table: grant pg_read_all_data to it"),
)
# A role may have short timeouts; counting rows and keeping the snapshot open takes longer.
_PATIENT = """
select set_config(name, '0', true) from pg_settings
where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The folder of pg_dump, pg_restore and psql; without a folder they are found on the PATH."""

    folder: Path | None = None

    def path(self, name: str) -> str:
        """Return the path of the program."""
        return str(self.folder / name) if self.folder else name


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts about the database at the time of the dump."""

    taken_at: datetime
    server_version: str
    file_names: tuple[str, ...]
    elsewhere: dict[str, int]  # number of attachments per object store, not in the filestore
    modules: dict[str, str]  # version of each installed module
    rows: dict[str, int]  # row count per table


class Snapshot:
    """An exported snapshot of a database; it is valid while its transaction is open."""

    def __init__(self, connection: psycopg.Connection[Any], access: DatabaseAccess, programs: Programs) -> None:
        self._connection = connection
        self._access = access
        self._programs = programs
        row = connection.execute("select pg_export_snapshot(), now()").fetchone()
        assert row is not None  # noqa: S101 - a select without from has one row
        self._id, self.taken_at = row

    @contextmanager
    def dump(self) -> Iterator[BinaryIO]:
        """Yield the output of pg_dump, uncompressed so that chunking finds equal pieces.

        Raises:
            StepFailed: pg_dump failed; raised even if its whole output was read.
        """
        options = ("--format=custom", "--compress=0", f"--snapshot={self._id}", f"--lock-wait-timeout={_LOCK_WAIT}")
        with running(self._programs, "pg_dump", options, self._access, writes=True) as process:
            assert process.stdout is not None  # noqa: S101 - asked for
            yield process.stdout  # type: ignore[misc]

    def facts(self) -> Facts:
        """Return the facts of the database in this snapshot."""
        tables = {str(schema_name): name for schema_name, name in self._tables()}
        files, elsewhere = split_by_store(self._file_names() if "public.ir_attachment" in tables else ())
        return Facts(
            taken_at=self.taken_at,
            server_version=self.server_version,
            file_names=files,
            elsewhere=elsewhere,
            modules=self._modules() if "public.ir_module_module" in tables else {},
            rows={table: self._count(name) for table, name in tables.items()},
        )

    def checksums(self) -> Checksums:
        """Return what the database holds in this snapshot, table by table."""
        return checksums(self._connection)

    def positions(self) -> Positions:
        """Return how far each sequence is now; a dump that is made later is at least as far."""
        return positions(self._connection)

    @property
    def database(self) -> str:
        """Return the name of the database."""
        return self._access.database

    @property
    def server_version(self) -> str:
        """Return the version of the server."""
        return self._connection.info.parameter_status("server_version") or ""

    def _tables(self) -> Iterable[tuple[str, sql.Composed]]:
        rows = self._connection.execute(
            "select schemaname, tablename from pg_tables"
            " where schemaname !~ '^pg_' and schemaname <> 'information_schema'"
        ).fetchall()
        return [
            (f"{schema}.{table}", sql.SQL("{}.{}").format(*map(sql.Identifier, (schema, table))))
            for schema, table in rows
        ]

    def _file_names(self) -> Iterable[str]:
        query = "select distinct store_fname from public.ir_attachment where store_fname <> ''"
        return [name for (name,) in self._connection.execute(query)]

    def _modules(self) -> dict[str, str]:
        query = "select name, coalesce(latest_version, '') from public.ir_module_module where state = 'installed'"
        return dict(sorted(self._connection.execute(query)))

    def _count(self, table: sql.Composed) -> int:
        row = self._connection.execute(sql.SQL("select count(*) from {}").format(table)).fetchone()
        return int(row[0]) if row else 0


def still_referenced(access: DatabaseAccess, names: Collection[str]) -> frozenset[str]:
    """Return those of the files that the database refers to now.

    Raises:
        Unavailable: the server does not answer, or ends the connection.
    """
    query = "select distinct store_fname from public.ir_attachment where store_fname = any(%s)"
    try:
        with reader(access, application="odooops backup") as connection:
            return frozenset(name for (name,) in connection.execute(query, [list(names)]))
    except psycopg.Error as exc:
        raise Unavailable(f"database {access.database} does not answer: {first_line(exc)}") from exc


@contextmanager
def snapshot(access: DatabaseAccess, *, programs: Programs) -> Iterator[Snapshot]:
    """Open a read-only snapshot of the database.

    Raises:
        Unavailable: the server does not answer, or ends the connection.
    """
    try:
        with reader(access, application="odooops backup") as connection:
            connection.autocommit = False
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute(_PATIENT)
            yield Snapshot(connection, access, programs)
    except psycopg.Error as exc:
        raise Unavailable(f"database {access.database}: {' '.join(str(exc).split())}") from exc


def entries(blocks: Iterable[bytes], *, programs: Programs) -> list[str]:
    """Return the entries of the dump in the order of `pg_restore --list`.

    Raises:
        StepFailed: pg_restore cannot read the dump.
    """
    with running(programs, "pg_restore", ("--list",), None, reads=True, writes=True) as process:
        found: list[str] = []
        reader = threading.Thread(target=lambda: found.extend(_entries(process.stdout)))
        reader.start()
        feed(process, blocks)
        reader.join()
    return found


@contextmanager
def as_sql(blocks: Iterable[bytes], *, programs: Programs, options: Sequence[str] = ()) -> Iterator[BinaryIO]:
    """Yield the SQL of a dump in custom format."""
    with running(programs, "pg_restore", ("--file=-", *options), None, reads=True, writes=True) as process:
        failures: list[BaseException] = []

        def write() -> None:
            try:
                feed(process, blocks)
            except BaseException as exc:  # noqa: BLE001 - raised where the SQL is read
                failures.append(exc)
                process.kill()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            assert process.stdout is not None  # noqa: S101 - asked for
            yield process.stdout  # type: ignore[misc]
        finally:
            if process.stdout:
                process.stdout.close()
            writer.join()
        if failures:
            raise failures[0]


def feed(process: subprocess.Popen[bytes], blocks: Iterable[bytes]) -> None:
    """Write the blocks to the program's input; ignore a broken pipe, because the exit status tells how it ended."""
    assert process.stdin is not None  # noqa: S101 - asked for
    with suppress(BrokenPipeError):
        for block in blocks:
            process.stdin.write(block)
    with suppress(BrokenPipeError):
        process.stdin.close()


@contextmanager
def running(
    programs: Programs,
    name: str,
    options: Sequence[str],
    access: DatabaseAccess | None,
    *,
    reads: bool = False,
    writes: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for the duration of the block, and check its exit status.

    Raises:
        MissingDependency: the program is not installed.
        StepFailed: the exit status is not 0; the message contains the program's last error lines.
    """
    with tempfile.TemporaryFile() as words:
        try:
            process = subprocess.Popen(
                [programs.path(name), *options],
                stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
                stdout=subprocess.PIPE if writes else subprocess.DEVNULL,
                stderr=words,
                env=_environment(access, is_loading=reads),
            )
        except (FileNotFoundError, PermissionError) as exc:
            raise MissingDependency(f"{name} cannot be run: {exc}", hint="ops doctor") from exc
        try:
            yield process
            for pipe in (process.stdout, process.stdin):
                if pipe:
                    with suppress(BrokenPipeError):
                        pipe.close()
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if status:
            raise StepFailed(_last_words(name, status, words), hint=_hint(name, words))


def without_password(access: DatabaseAccess) -> str:
    """Return the connection string without the password, because every user of the machine sees arguments."""
    return make_conninfo(host=access.host, port=access.port, user=access.user, dbname=access.database)


def hint_of(message: str) -> str | None:
    """Return the hint for a message of PostgreSQL, None for an unknown one."""
    return next((hint for sign, hint in _HINTS if sign in message), None)


def _environment(access: DatabaseAccess | None, *, is_loading: bool) -> dict[str, str]:
    # A database name needs no escaping there.
    environment = clean_environment(LIBPQ, extra={"LC_ALL": "C.UTF-8"})
    if access is None:
        return environment
    environment |= libpq_variables(access)
    if is_loading:
        # A load is thousands of transactions, and none has to wait for the disk: the later synchronous commit that
        # gives the database its name or its role also flushes all earlier ones.
        given = environment.get("PGOPTIONS", "")
        environment["PGOPTIONS"] = f"{given} -c synchronous_commit=off"
    return environment


def _entries(stream: IO[bytes] | None) -> Iterator[str]:
    return (line.decode() for line in stream or () if line.strip() and not line.startswith(b";"))


def _last_words(name: str, status: int, words: IO[bytes]) -> str:
    lines = _read(words).splitlines()
    # The error line comes before the failed statement, which can be very long.
    errors = [line for line in lines if "error: " in line.lower()][:_MESSAGE_LINES]
    return f"{name} ended with {status}: {' | '.join(errors or lines[-_MESSAGE_LINES:]) or 'without a word'}"


def _hint(name: str, words: IO[bytes]) -> str | None:
    hint = hint_of(_read(words))
    return f"{name}: {hint}" if hint else None


def _read(words: IO[bytes]) -> str:
    words.seek(0)
    return words.read()[-65536:].decode(errors="replace")
