"""Searches a copy for secrets: reads everything readable, independent of what was scrubbed.

It is wider than the scrub on purpose. By name, it also covers columns of views and materialized views. By value, it
searches for the values of production's secret columns and for known formats, in any text of any schema, in large
objects, and in the readable catalogue: functions, views, defaults, checks, comments, enums, settings, statistics.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from odooops_dagster.tools.sanitize.columns import Column, readable_columns, secret_columns
from odooops_dagster.tools.sanitize.definitions import DEFINITIONS
from odooops_dagster.tools.sanitize.fingerprints import Fingerprints, as_copied
from odooops_dagster.tools.sanitize.formats import formats_in, looks_random
from odooops_dagster.tools.sanitize.scrub import SCRUBBED, SCRUBBED_UUID
from odooops_dagster.tools.sanitize.secrets import SecretList

Connection = psycopg.Connection[Any]

# Matches an empty value, a filler of the scrub, and an empty array, row or range.
_FILLED = rf"""^([\s{{}}(),"]*|["']?{SCRUBBED}.*|{SCRUBBED_UUID}.*|empty)$"""
_CHUNK_BYTES = 1 << 20
# Escapes of COPY's text format (PostgreSQL's docs, COPY, "Text Format") for characters that separate values.
_ESCAPES = ((b"\\\\", b"\0"), (b"\\n", b" "), (b"\\t", b" "), (b"\\r", b" "))
_UNREADABLE = "what cannot be read"
_PRODUCTIONS = "a value of production's secrets"
# A column is a suspect if more than this share of its values in the sampled first rows looks random.
_SAMPLE, _ENOUGH = 200, 0.5


@dataclass
class Findings:
    """The places of the found secrets, by kind; `suspects` are columns whose values only look random."""

    places: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    suspects: list[str] = field(default_factory=list)

    def add(self, what: str, place: str) -> None:
        """Add a place, once."""
        if place not in self.places[what]:
            self.places[what].append(place)


def by_name(connection: Connection, known: SecretList) -> list[Column]:
    """Return the columns that are named like secrets and hold a value without the scrub's mark."""
    columns = secret_columns(readable_columns(connection), known)
    return [column for column in columns if not column.is_generated and _holds(connection, column)]


def by_value(
    connection: Connection, known: SecretList, production: Fingerprints, *, but: Collection[str] = ()
) -> Findings:
    """Read every text of the database once, except the columns in `but`, and return the places of secrets."""
    findings = Findings()
    searched = [column for column in _searched(readable_columns(connection), known) if column.place not in but]
    for columns in _by_relation(searched):
        _Reading(columns, production, findings).read(connection)
    for statement in DEFINITIONS:
        _look(_definitions(connection, statement, findings), production, findings)
    return findings


def _searched(columns: Sequence[Column], known: SecretList) -> list[Column]:
    """Return the columns of stored relations: views show the same data, foreign tables belong to another server."""
    return [
        column
        for column in columns
        if column.relation in {"table", "materialized view"} and (column.qualified_table, column.name) not in known.kept
    ]


def _holds(connection: Connection, column: Column) -> bool:
    statement = sql.SQL("select from {} where {} is not null and {} !~ {} limit 1").format(
        column.identifier, sql.Identifier(column.name), column.as_text, sql.Literal(_FILLED)
    )
    try:
        with connection.transaction():
            return bool(connection.execute(statement).rowcount)
    except psycopg.Error:
        return True  # an unreadable column may hold a secret


def _by_relation(columns: Sequence[Column]) -> Iterator[list[Column]]:
    relations: dict[tuple[str, str], list[Column]] = defaultdict(list)
    for column in columns:
        relations[column.schema, column.table].append(column)
    yield from relations.values()


class _Reading:
    """One pass over the text of a relation, in chunks of whole rows."""

    def __init__(self, columns: Sequence[Column], production: Fingerprints, findings: Findings) -> None:
        self._columns = columns
        self._production = production
        self._findings = findings
        self._is_first = True

    def read(self, connection: Connection) -> None:
        statement = sql.SQL("copy (select {} from {}) to stdout").format(
            sql.SQL(", ").join(column.as_text for column in self._columns), self._columns[0].identifier
        )
        rows: list[bytes] = []
        size = 0
        try:
            with connection.transaction(), connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in copy:
                    rows.append(bytes(row))
                    size += len(row)
                    if size >= _CHUNK_BYTES:
                        self._look(rows)
                        rows, size = [], 0
        except psycopg.Error as exc:
            name = self._columns[0].qualified_table
            self._findings.add(_UNREADABLE, f"{name} ({exc.diag.message_primary or exc})")
        if rows:
            self._look(rows)

    def _look(self, rows: list[bytes]) -> None:
        text = _plain(b"".join(rows))
        if self._is_first:
            self._suspect(rows[:_SAMPLE])
            self._is_first = False
        for word in self._production.found_in(text):
            self._note(_PRODUCTIONS, rows, partial(_contains, word))
        for whole in self._production.among(set(b"".join(rows).replace(b"\n", b"\t").split(b"\t"))):
            self._note(_PRODUCTIONS, rows, partial(_is, whole))
        for what, pattern in formats_in(text):
            self._note(what, rows, partial(_matches, pattern))

    def _note(self, what: str, rows: list[bytes], is_it: Callable[[bytes], bool]) -> None:
        for row in rows:
            for column, value in zip(self._columns, row.rstrip(b"\n").split(b"\t"), strict=True):
                if is_it(value):
                    self._findings.add(what, column.place)

    def _suspect(self, rows: list[bytes]) -> None:
        filled: Counter[str] = Counter()
        random: Counter[str] = Counter()
        for row in rows:
            for column, value in zip(self._columns, row.rstrip(b"\n").split(b"\t"), strict=True):
                if value != b"\\N":
                    filled[column.place] += 1
                    random[column.place] += looks_random(value)
        self._findings.suspects += [place for place, count in random.items() if count > filled[place] * _ENOUGH]


def _look(texts: Sequence[tuple[str, bytes]], production: Fingerprints, findings: Findings) -> None:
    """Search small texts; first all of them joined, because most contain no secret."""
    together = b"\n".join(text for _, text in texts)
    is_wanted = production.found_in(together) or production.wholes or formats_in(together)
    for place, text in texts if is_wanted else ():
        if production.among([as_copied(text)]) or production.found_in(text):
            findings.add(_PRODUCTIONS, place)
        for what, _ in formats_in(text):
            findings.add(what, place)


def _contains(word: bytes, value: bytes) -> bool:
    return word in value


def _is(whole: bytes, value: bytes) -> bool:
    return value == whole


def _matches(pattern: re.Pattern[bytes], value: bytes) -> bool:
    return pattern.search(_plain(value)) is not None


def _plain(text: bytes) -> bytes:
    for written, meant in _ESCAPES:
        text = text.replace(written, meant)
    return text


def _definitions(connection: Connection, statement: LiteralString, findings: Findings) -> list[tuple[str, bytes]]:
    """Return the place and the text of each row of a catalogue query; record a query that is not permitted."""
    try:
        with connection.transaction():
            return [(str(place), str(text).encode()) for place, text in connection.execute(statement)]
    except psycopg.errors.InsufficientPrivilege as exc:
        findings.add(_UNREADABLE, exc.diag.message_primary or str(exc))
        return []
