"""Loads a dump into an empty database: all of its rows, without what belongs to another server.

Each entry of the schema is executed on its own, by the role that will own it. Only an allow-list of kinds is tried. An
entry that holds no rows and that the server refuses is left out by name, and so is what depends on it: the server of
the environments does not know the roles, tablespaces and extensions of another. All rows are loaded, or the load fails.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from odooops_dagster.backup import dump, late_checks
from odooops_dagster.backup.left_out import (
    OF_ITS_SERVER,
    ROWS,
    LeftOut,
    is_no_answer,
    is_spoken_of,
    is_tried,
    left_out,
    may_be_left_out,
    of_its_server,
)
from odooops_dagster.backup.script import SETTINGS, Entry, entries, loadable
from odooops_dagster.errors import StepFailed, Unavailable
from odooops_dagster.model import DatabaseAccess

Connection = psycopg.Connection[tuple[Any, ...]]
# Reads the dump from its beginning, as often as it is asked.
Blocks = Callable[[], Iterable[bytes]]

_BLOCK = 1024 * 1024
# From this version of the server on there is the setting; older ones refuse the first line of what pg_restore says.
_TRANSACTION_TIMEOUT = 170000
_LEAKPROOF = re.compile(rb"^(    LANGUAGE [^\n]*?) LEAKPROOF\b", re.MULTILINE)
_CONNECT_SECONDS = 10
# The session is idle while the rows are loaded.
_PATIENT = "select set_config(name, '0', false) from pg_settings where name = 'idle_session_timeout'"
# A function that a constraint, a partition or an index calls finds its tables as in production; the statements of a
# dump name every schema themselves.
_AS_IN_PRODUCTION = "set search_path = public"
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a load left out, and the tables that it made."""

    left_out: tuple[LeftOut, ...] = ()
    tables: frozenset[str] = frozenset()

    @property
    def lacks_extension(self) -> bool:
        """Return whether an extension was left out, and with it the tables that were its own."""
        return any(gone.kind == "extension" for gone in self.left_out)


def load(access: DatabaseAccess, blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Loaded:
    """Fill an empty database from the dump, as the role that `access` names.

    Raises:
        StepFailed: the server does not take the rows or what holds them; the database is to be dropped.
        Unavailable: the server does not answer, or ends the connection.
    """
    with _loader(access) as loader:
        if dump_format == "custom":
            loader.make(_section(blocks, "pre-data", programs))
            loader.wait_for_rows()
            _fill(access, blocks, loader, programs)
            loader.make(_section(blocks, "post-data", programs))
        else:
            for is_data, group in groupby(entries(blocks()), key=lambda entry: entry.kind in ROWS):
                if is_data:
                    loader.wait_for_rows()
                    _psql(access, _rows(group, loader), programs=programs)
                else:
                    loader.make(group)
        return loader.finish()


def prove(access: DatabaseAccess, blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Loaded:
    """Make in an empty database what the dump's rows would need, and no row.

    Raises:
        StepFailed: the server does not take it: nor would it take the dump.
        Unavailable: the server does not answer.
    """
    with _loader(access) as loader:
        loader.make(schema(blocks, dump_format=dump_format, programs=programs))
        return loader.finish()


def schema(blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Iterator[Entry]:
    """Yield the dump's entries without those of its rows."""
    if dump_format == "custom":
        yield from _section(blocks, "pre-data", programs)
        yield from _section(blocks, "post-data", programs)
    else:
        yield from (entry for entry in entries(blocks()) if entry.kind not in ROWS)


def digest(found: Iterable[Entry]) -> str:
    """Return what the entries hash to: two dumps of one schema agree, whatever their rows are."""
    whole = hashlib.sha256()
    for entry in found:
        whole.update(f"{entry.kind}\0{entry.label}\0{entry.tablespace}\0".encode())
        whole.update(b"".join(line for line in entry.lines if not line.startswith(b"--")))
    return whole.hexdigest()


def unproven(blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Loaded:
    """Return what every load leaves out, where no server can be asked for the rest."""
    return Loaded(left_out=of_its_server(schema(blocks, dump_format=dump_format, programs=programs)))


class _Loader:
    """Makes what an entry says, or notes that it was left out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._left_out: list[LeftOut] = []
        self._tablespaces: Counter[str] = Counter()
        self._last: list[tuple[Entry, bytes]] = []
        self._checks: list[late_checks.Check] | None = None
        self._hidden: set[str] = set()  # policies that were left out
        self.settings = b""
        self.tables: set[str] = set()

    def make(self, found: Iterable[Entry]) -> None:
        """Make the objects in their order."""
        for entry in found:
            text = b"".join(entry.lines)
            if entry.kind == SETTINGS:
                self._settle(text)
            elif not is_tried(entry.kind):
                self._leave(entry, OF_ITS_SERVER)
            elif entry.kind == "ROW SECURITY":
                self._last.append((entry, text))
            else:
                self._tablespaces[entry.tablespace] += 1
                self._try(entry, text)

    def wait_for_rows(self) -> None:
        """Take away what would refuse rows that are right; told twice it is as well."""
        if self._checks is None:
            self._checks = late_checks.take_away(self._connection)

    @property
    def lacks_extension(self) -> bool:
        """Return whether tables of an extension may be absent, of which the dump has rows."""
        return self._loaded().lacks_extension

    def finish(self) -> Loaded:
        """Put back what had to wait, and return what was left out."""
        self._left_out += late_checks.put_back(self._connection, self._checks or [])
        for entry, text in self._last:
            if any(policy.startswith(f"{entry.label} ") for policy in self._hidden):
                # Row security without its policies hides every row, from the owner too where it is forced.
                self._leave(entry, "one of its policies was left out")
            else:
                self._try(entry, text)
        return self._loaded()

    def _settle(self, text: bytes) -> None:
        self.settings = text
        self._connection.execute(text)
        self._connection.execute(_PATIENT)
        self._connection.execute(_AS_IN_PRODUCTION)

    def _loaded(self) -> Loaded:
        spaces = (
            LeftOut(kind="tablespace", name=name, reason=f"{count} tables and indexes lie with the others")
            for name, count in sorted(self._tablespaces.items())
            if name
        )
        return Loaded(left_out=(*self._left_out, *spaces), tables=frozenset(self.tables))

    def _try(self, entry: Entry, text: bytes) -> None:
        try:
            self._execute(entry, text)
        except psycopg.Error as exc:
            if is_no_answer(exc.sqlstate):
                raise
            said = exc.diag.message_primary or str(exc)
            # A partition whose table is here belongs to its parent; a foreign one may be absent.
            is_partition = entry.kind == "TABLE ATTACH" and entry.label in self.tables
            if is_partition or not may_be_left_out(entry.kind, exc.sqlstate):
                raise StepFailed(f"{entry.kind.lower()} {entry.label}: {said}", hint=self._hint(said)) from exc
            self._leave(entry, said)
            return
        if entry.kind in ("TABLE", "SEQUENCE"):
            self.tables.add(entry.label)

    def _execute(self, entry: Entry, text: bytes) -> None:
        try:
            self._connection.execute(text)
        except psycopg.errors.InsufficientPrivilege:
            weaker = _LEAKPROOF.sub(rb"\1", text, count=1)
            if entry.kind != "FUNCTION" or weaker == text:
                raise
            # A promise to the planner, which only a superuser may make; the function is the same without it.
            self._connection.execute(weaker)
            self._left_out.append(left_out(entry, "is not leakproof here"))

    def _leave(self, entry: Entry, reason: str) -> None:
        if entry.kind == "POLICY":
            self._hidden.add(entry.label)
        if is_spoken_of(entry.kind):
            self._left_out.append(left_out(entry, reason))

    def _hint(self, said: str) -> str | None:
        missing = [gone for gone in self._left_out if gone.kind == "extension"] or self._left_out
        hint = dump.hint_of(" ".join([said, *(gone.reason for gone in missing)]))
        named = "; ".join(map(str, missing[:_NAMED]))
        return " ".join(filter(None, [f"left out before: {named}." if named else "", hint])) or None


@contextmanager
def _loader(access: DatabaseAccess) -> Iterator[_Loader]:
    """Yield what makes the objects; every entry is a transaction, for which the disk need not be waited."""
    conninfo = make_conninfo(dump.conninfo(access), options="-c synchronous_commit=off")
    try:
        with psycopg.connect(
            conninfo, autocommit=True, connect_timeout=_CONNECT_SECONDS, application_name="odooops load"
        ) as connection:
            yield _Loader(connection)
    except psycopg.Error as exc:
        kind = Unavailable if is_no_answer(exc.sqlstate) else StepFailed
        raise kind(f"database {access.database}: {' '.join(str(exc).split())}") from exc


def _section(blocks: Blocks, section: str, programs: dump.Programs) -> Iterator[Entry]:
    """Yield the entries of a part of an archive; its head names them all, so that no row is read."""
    options = (f"--section={section}", "--no-owner", "--no-privileges")
    with dump.as_sql(blocks(), programs=programs, options=options) as stream:
        yield from entries(iter(lambda: stream.read(_BLOCK), b""))


def _fill(access: DatabaseAccess, blocks: Blocks, loader: _Loader, programs: dump.Programs) -> None:
    """Load the rows of an archive."""
    with _chosen(blocks, loader, programs) as chosen:
        options = ("--section=data", "--no-owner", "--no-privileges", "--no-security-labels", *chosen)
        if _understands_pg_restore(access):
            direct = ("--exit-on-error", *options, f"--dbname={dump.without_password(access)}")
            with dump.running(programs, "pg_restore", direct, access, reads=True) as process:
                dump.feed(process, blocks())
        else:
            with dump.as_sql(blocks(), programs=programs, options=options) as stream:
                _psql(access, loadable(iter(lambda: stream.read(_BLOCK), b"")), programs=programs)


@contextmanager
def _chosen(blocks: Blocks, loader: _Loader, programs: dump.Programs) -> Iterator[Sequence[str]]:
    """Yield what chooses the rows of the tables that were made, where some were not."""
    if not loader.lacks_extension:
        yield ()
        return
    with tempfile.NamedTemporaryFile("w") as file:
        file.writelines(line for line in dump.entries(blocks(), programs=programs) if _is_chosen(line, loader.tables))
        file.flush()
        yield (f"--use-list={file.name}",)


def _is_chosen(line: str, tables: set[str]) -> bool:
    """Return whether an entry of `pg_restore --list` is none of a table's rows, or those of one of these tables."""
    found = re.match(r"\d+; \d+ \d+ (?:TABLE DATA|SEQUENCE SET) (?P<schema>\S+) (?P<rest>.*)", line.rstrip("\n"))
    if found is None:
        return True
    # A name may have spaces, and so may the owner's behind it.
    words = found["rest"].split(" ")
    return any(f"{found['schema']}.{' '.join(words[:end])}" in tables for end in range(1, len(words) + 1))


def _rows(group: Iterable[Entry], loader: _Loader) -> Iterator[bytes]:
    """Yield the rows as SQL, after the settings that they were written with."""
    yield loader.settings
    for entry in group:
        # The rows of other tables came with an extension that is not here.
        is_here = entry.label in loader.tables or not loader.lacks_extension
        if is_here or entry.kind not in ("TABLE DATA", "SEQUENCE SET"):
            yield from entry.lines


def _understands_pg_restore(access: DatabaseAccess) -> bool:
    """Return whether the server knows every setting with which our pg_restore begins."""
    try:
        with psycopg.connect(dump.conninfo(access), connect_timeout=_CONNECT_SECONDS) as connection:
            return connection.info.server_version >= _TRANSACTION_TIMEOUT
    except psycopg.Error as exc:
        raise Unavailable(f"database {access.database}: {' '.join(str(exc).split())}") from exc


def _psql(access: DatabaseAccess, lines: Iterable[bytes], *, programs: dump.Programs) -> None:
    options = (
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--single-transaction",
        "--output=/dev/null",
        "--file=-",
    )
    with dump.running(programs, "psql", options, access, reads=True) as process:
        dump.feed(process, _restricted(lines))


def _restricted(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a script in psql's restricted mode, in which a dump from elsewhere cannot run programs."""
    key = secrets.token_hex(16)  # a dump that knew it could end the mode in the middle of a line
    return chain([f"\\restrict {key}\n".encode()], lines, [f"\\unrestrict {key}\n".encode()])
