"""Creates the schema of a dump in an empty database, entry by entry, and records what the server refuses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from odooops_dagster.errors import StepFailed, Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup import dump, index_build, late_checks
from odooops_dagster.tools.backup.left_out import (
    OF_ITS_SERVER,
    LeftOut,
    is_no_answer,
    is_spoken_of,
    is_tried,
    left_out,
    may_be_left_out,
)
from odooops_dagster.tools.backup.script import SETTINGS, Entry
from odooops_dagster.tools.postgres.connections import writer

Connection = psycopg.Connection[tuple[Any, ...]]


_LEAKPROOF = re.compile(rb"^(    LANGUAGE [^\n]*?) LEAKPROOF\b", re.MULTILINE)
# Number of objects per transaction; a commit takes longer than the creation of an object.
_BATCH = 100
# Disable the idle timeout: the session is idle while the rows are loaded.
_PATIENT = "select set_config(name, '0', false) from pg_settings where name = 'idle_session_timeout'"
# A function called by a constraint, partition or index finds its tables as in production. The statements of a dump
# name every schema and do not need the search path.
_AS_IN_PRODUCTION = "set search_path = public"
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The objects that a load left out, and the tables that it created."""

    left_out: tuple[LeftOut, ...] = ()
    tables: frozenset[str] = frozenset()

    @property
    def lacks_extension(self) -> bool:
        """Return whether an extension was left out, and therefore its tables."""
        return any(gone.kind == "extension" for gone in self.left_out)


@contextmanager
def schema_load(access: DatabaseAccess) -> Iterator[SchemaLoad]:
    """Yield a SchemaLoad; its transactions do not wait for the disk."""
    connect = partial(writer, access, application="odooops load", settings={"synchronous_commit": "off"})
    try:
        with connect() as connection:
            yield SchemaLoad(connection, connect=connect)
    except psycopg.Error as exc:
        kind = Unavailable if is_no_answer(exc.sqlstate) else StepFailed
        raise kind(f"database {access.database}: {' '.join(str(exc).split())}") from exc


class SchemaLoad:
    """Creates the objects of entries, or records that they were left out."""

    def __init__(self, connection: Connection, *, connect: Callable[[], Connection]) -> None:
        self._connection = connection
        self._connect = connect
        self._left_out: list[LeftOut] = []
        self._tablespaces: Counter[str] = Counter()
        self._last: list[tuple[Entry, bytes]] = []
        self._checks: list[late_checks.Check] = []
        self._has_rows = False
        self._hidden: set[str] = set()  # policies that were left out
        self.settings = b""
        self.tables: set[str] = set()

    def make(self, found: Iterable[Entry]) -> None:
        """Create the objects in order, in batches until the rows are loaded."""
        batch: list[tuple[Entry, bytes]] = []
        built: list[tuple[Entry, bytes]] = []
        for entry in found:
            text = b"".join(entry.lines)
            if self._has_rows and entry.kind in index_build.KINDS:
                built.append((entry, text))
                continue
            self._build_all(built)
            built = []
            if entry.kind == SETTINGS:
                self._settle(text)
            elif not is_tried(entry.kind):
                self._leave(entry, OF_ITS_SERVER)
            elif entry.kind == "ROW SECURITY":
                self._last.append((entry, text))
            else:
                batch.append((entry, text))
            if len(batch) >= (1 if self._has_rows else _BATCH):
                self._make_all(batch)
                batch = []
        self._make_all(batch)
        self._build_all(built)

    def wait_for_rows(self) -> None:
        """Drop the checks that could refuse valid rows; a second call does nothing."""
        if not self._has_rows:
            self._checks, self._has_rows = late_checks.take_away(self._connection), True

    @property
    def lacks_extension(self) -> bool:
        """Return whether an extension was left out, so that the dump may have rows of absent tables."""
        return self._loaded().lacks_extension

    def finish(self) -> Loaded:
        """Add the dropped checks and the row security, and return the left-out objects."""
        self._left_out += late_checks.put_back(self._connection, self._checks)
        for entry, text in self._last:
            if any(policy.startswith(f"{entry.label} ") for policy in self._hidden):
                # Row security without its policies hides every row, even from the owner if it is forced.
                self._leave(entry, "one of its policies was left out")
            else:
                self._try(entry, text)
        return self._loaded()

    def _settle(self, text: bytes) -> None:
        self.settings = text
        self._apply_settings(self._connection)

    def _apply_settings(self, connection: Connection) -> None:
        for text in (self.settings, _PATIENT.encode(), _AS_IN_PRODUCTION.encode()):
            connection.execute(text)

    def _loaded(self) -> Loaded:
        spaces = (
            LeftOut(kind="tablespace", name=name, reason=f"{count} tables and indexes lie with the others")
            for name, count in sorted(self._tablespaces.items())
            if name
        )
        return Loaded(left_out=(*self._left_out, *spaces), tables=frozenset(self.tables))

    def _make_all(self, batch: Sequence[tuple[Entry, bytes]]) -> None:
        """Create the objects in one transaction; if the server refuses one, create each in its own."""
        if len(batch) > 1 and self._takes(b"".join(text for _, text in batch)):
            for entry, _ in batch:
                self._made(entry)
            return
        for entry, text in batch:
            self._try(entry, text)

    def _build_all(self, built: Sequence[tuple[Entry, bytes]]) -> None:
        """Build the indexes at the same time, and then one by one what the server refused."""
        made = index_build.build([text for _, text in built], connect=self._beside)
        for position, (entry, text) in enumerate(built):
            if position in made:
                self._made(entry)
            else:
                self._try(entry, text)

    @contextmanager
    def _beside(self) -> Iterator[Connection]:
        """Yield one more connection with the dump's settings."""
        with self._connect() as connection:
            self._apply_settings(connection)
            yield connection

    def _takes(self, text: bytes) -> bool:
        try:
            self._connection.execute(text)
        except psycopg.Error as exc:
            if is_no_answer(exc.sqlstate):
                raise
            return False
        return True

    def _made(self, entry: Entry) -> None:
        self._tablespaces[entry.tablespace] += 1
        if entry.kind in ("TABLE", "SEQUENCE"):
            self.tables.add(entry.label)

    def _try(self, entry: Entry, text: bytes) -> None:
        try:
            self._execute(entry, text)
        except psycopg.Error as exc:
            if is_no_answer(exc.sqlstate):
                raise
            reason = exc.diag.message_primary or str(exc)
            # An existing partition has to be attached; a foreign partition may be absent.
            is_partition = entry.kind == "TABLE ATTACH" and entry.label in self.tables
            if is_partition or not may_be_left_out(entry.kind, exc.sqlstate):
                raise StepFailed(f"{entry.kind.lower()} {entry.label}: {reason}", hint=self._hint(reason)) from exc
            self._leave(entry, reason)
        else:
            self._made(entry)

    def _execute(self, entry: Entry, text: bytes) -> None:
        try:
            self._connection.execute(text)
        except psycopg.errors.InsufficientPrivilege:
            weaker = _LEAKPROOF.sub(rb"\1", text, count=1)
            if entry.kind != "FUNCTION" or weaker == text:
                raise
            # LEAKPROOF is a hint to the planner that needs a superuser; the function works without it.
            self._connection.execute(weaker)
            self._left_out.append(left_out(entry, "is not leakproof here"))

    def _leave(self, entry: Entry, reason: str) -> None:
        if entry.kind == "POLICY":
            self._hidden.add(entry.label)
        if is_spoken_of(entry.kind):
            self._left_out.append(left_out(entry, reason))

    def _hint(self, reason: str) -> str | None:
        missing = [gone for gone in self._left_out if gone.kind == "extension"] or self._left_out
        hint = dump.hint_of(" ".join([reason, *(gone.reason for gone in missing)]))
        named = "; ".join(map(str, missing[:_NAMED]))
        return " ".join(filter(None, [f"left out before: {named}." if named else "", hint])) or None
