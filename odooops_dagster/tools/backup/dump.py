"""PostgreSQL's own programs: a dump as a stream, out of one moment, and back into a database."""

from __future__ import annotations

import os
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

from odooops_dagster.errors import MissingDependency, StepFailed, Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup.external_files import split_by_store
from odooops_dagster.unreachable import first_line

# Someone who holds a table for longer than this is named instead of waited for.
_LOCK_WAIT = "60s"
_MESSAGE_LINES = 5
_BLOCK = 1024 * 1024
# What these programs say, and what helps.
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
# A role that may only ask short questions counts rows and holds a moment still all the same.
_PATIENT = """
select set_config(name, '0', true) from pg_settings
where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """Where pg_dump, pg_restore and psql are; on the PATH where no folder is given."""

    folder: Path | None = None

    def path(self, name: str) -> str:
        """Return what to run."""
        return str(self.folder / name) if self.folder else name


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was true of the database in the moment of the dump."""

    taken_at: datetime
    server_version: str
    file_names: tuple[str, ...]
    elsewhere: dict[str, int]  # attachments that no filestore keeps, per object store
    modules: dict[str, str]  # installed ones and their versions
    rows: dict[str, int]  # per table


class Snapshot:
    """One moment of a database, held still for as long as its transaction is open."""

    def __init__(self, connection: psycopg.Connection[Any], access: DatabaseAccess, programs: Programs) -> None:
        self._connection = connection
        self._access = access
        self._programs = programs
        row = connection.execute("select pg_export_snapshot(), now()").fetchone()
        assert row is not None  # noqa: S101 - a select without from has one row
        self._id, self.taken_at = row

    @contextmanager
    def dump(self) -> Iterator[BinaryIO]:
        """Yield the dump as pg_dump writes it, uncompressed: like pieces of it are found by their content.

        Raises:
            StepFailed: pg_dump failed; also when everything it wrote was read.
        """
        options = ("--format=custom", "--compress=0", f"--snapshot={self._id}", f"--lock-wait-timeout={_LOCK_WAIT}")
        with running(self._programs, "pg_dump", options, self._access, writes=True) as process:
            assert process.stdout is not None  # noqa: S101 - asked for
            yield process.stdout  # type: ignore[misc]

    def facts(self) -> Facts:
        """Return what the database says of itself in this moment."""
        tables = {str(schema_name): name for schema_name, name in self._tables()}
        files, elsewhere = split_by_store(self._file_names() if "public.ir_attachment" in tables else ())
        return Facts(
            taken_at=self.taken_at,
            server_version=self._connection.info.parameter_status("server_version") or "",
            file_names=files,
            elsewhere=elsewhere,
            modules=self._modules() if "public.ir_module_module" in tables else {},
            rows={table: self._count(name) for table, name in tables.items()},
        )

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
    """Return those of the files of which the database speaks now.

    Raises:
        Unavailable: the server does not answer, or ends the connection.
    """
    query = "select distinct store_fname from public.ir_attachment where store_fname = any(%s)"
    try:
        with psycopg.connect(conninfo(access), connect_timeout=10, application_name="odooops backup") as connection:
            return frozenset(name for (name,) in connection.execute(query, [list(names)]))
    except psycopg.Error as exc:
        raise Unavailable(f"database {access.database} does not answer: {first_line(exc)}") from exc


@contextmanager
def snapshot(access: DatabaseAccess, *, programs: Programs) -> Iterator[Snapshot]:
    """Hold a moment of the database still; it is only read.

    Raises:
        Unavailable: the server does not answer, or ends the connection.
    """
    try:
        with psycopg.connect(conninfo(access), connect_timeout=10, application_name="odooops backup") as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute(_PATIENT)
            yield Snapshot(connection, access, programs)
    except psycopg.Error as exc:
        raise Unavailable(f"database {access.database}: {' '.join(str(exc).split())}") from exc


def entries(blocks: Iterable[bytes], *, programs: Programs) -> list[str]:
    """Return the entries that `pg_restore --list` finds in the dump, in their order.

    Raises:
        StepFailed: it cannot read it.
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
    """Write the blocks to the program; one that wants no more of them has ended, well or badly."""
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
    """Run a program while the block does, and read its exit status.

    Raises:
        MissingDependency: it is not there.
        StepFailed: it ended with anything but 0; with its own last words.
    """
    with tempfile.TemporaryFile() as words:
        try:
            process = subprocess.Popen(
                [programs.path(name), *options],
                stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
                stdout=subprocess.PIPE if writes else subprocess.DEVNULL,
                stderr=words,
                env={**os.environ, "LC_ALL": "C.UTF-8", **_environment(access, is_loading=reads)},
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


def conninfo(access: DatabaseAccess) -> str:
    """Return the connection string, whatever signs the database's name has."""
    return make_conninfo(
        host=access.host,
        port=access.port,
        user=access.user,
        password=access.password,
        dbname=access.database,
        **access.options,
    )


def without_password(access: DatabaseAccess) -> str:
    """Return the connection string for a program's arguments, which everybody on the machine sees."""
    return make_conninfo(host=access.host, port=access.port, user=access.user, dbname=access.database)


def hint_of(said: str) -> str | None:
    """Return what helps against what PostgreSQL said, where we know."""
    return next((hint for sign, hint in _HINTS if sign in said), None)


def _environment(access: DatabaseAccess | None, *, is_loading: bool) -> dict[str, str]:
    # In the environment a password is for our eyes only, and a database name is a name, whatever signs it has.
    if access is None:
        return {}
    environment = {
        "PGHOST": access.host,
        "PGPORT": str(access.port),
        "PGUSER": access.user,
        "PGPASSWORD": access.password,
        "PGDATABASE": access.database,
        **{f"PG{name.upper()}": value for name, value in access.options.items()},
    }
    if is_loading:
        # A load is thousands of transactions, and the disk need not be waited for after each: whoever gives the
        # database its name or its role afterwards commits as usual, and with that all that was before.
        given = environment.get("PGOPTIONS") or os.environ.get("PGOPTIONS", "")
        environment["PGOPTIONS"] = f"{given} -c synchronous_commit=off"
    return environment


def _entries(stream: IO[bytes] | None) -> Iterator[str]:
    return (line.decode() for line in stream or () if line.strip() and not line.startswith(b";"))


def _last_words(name: str, status: int, words: IO[bytes]) -> str:
    lines = _read(words).splitlines()
    # What failed stands above the statement that failed, which may be as long as a table is wide.
    errors = [line for line in lines if "error: " in line.lower()][:_MESSAGE_LINES]
    return f"{name} ended with {status}: {' | '.join(errors or lines[-_MESSAGE_LINES:]) or 'without a word'}"


def _hint(name: str, words: IO[bytes]) -> str | None:
    hint = hint_of(_read(words))
    return f"{name}: {hint}" if hint else None


def _read(words: IO[bytes]) -> str:
    words.seek(0)
    return words.read()[-65536:].decode(errors="replace")
