"""Parses the SQL of pg_dump and pg_restore into entries: one object each, with its statements.

Each entry has a heading, `-- Name: ...; Type: ...; Schema: ...; Owner: ...` (PostgreSQL, src/bin/pg_dump/
pg_backup_archiver.c, _printTocEntry). The same text inside a quoted string or among rows is not a heading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from odooops_dagster.errors import Conflict, StepFailed

# SETTINGS: session settings before the first heading. UNKNOWN: other statements without a heading.
SETTINGS = "SETTINGS"
UNKNOWN = ""

COPY = re.compile(rb"COPY (?P<table>\S.*?) \((?P<columns>.*)\) FROM stdin;\s*$")
END_OF_ROWS = b"\\."
WORDS_OF_PSQL = (b"\\restrict ", b"\\unrestrict ")
_HEADING = re.compile(
    rb"-- (?:Data for )?Name: (?P<name>.*); Type: (?P<kind>[A-Z ]+); Schema: (?P<schema>.*); Owner: (?:.*?)"
    rb"(?:; Tablespace: (?P<tablespace>.*))?$"
)
_OF_PG_DUMP = "take a dump that pg_dump wrote, and nobody else"
_SETTING = re.compile(rb"(SET |SELECT pg_catalog\.set_config\()")
# Owners, rights, tablespaces and timeouts are decided by the target server.
_OF_THE_OTHER_SERVER = re.compile(
    rb"(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES|COMMENT ON (SCHEMA|EXTENSION)|CREATE SCHEMA public|ALTER .* OWNER TO"
    rb"|SET SESSION AUTHORIZATION|SET (transaction_timeout|default_tablespace|default_table_access_method))\b.*;\s*$"
)
_OPENING = re.compile(rb"--|/\*|'|\"|(?<![\w$\x80-\xff])\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$")
_CLOSING = {
    b"'": re.compile(rb"[^']*'"),
    b"E'": re.compile(rb"(?:[^\\']|\\.)*'", re.DOTALL),
    b'"': re.compile(rb'[^"]*"'),
    b"/*": re.compile(rb".*?\*/", re.DOTALL),
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry; read its lines before you request the next entry."""

    kind: str  # PostgreSQL's name: TABLE, TABLE DATA, FK CONSTRAINT
    schema: str = ""
    name: str = ""
    tablespace: str = ""
    lines: Iterator[bytes] = field(repr=False)

    @property
    def label(self) -> str:
        """Return the readable name of the object."""
        return f"{self.schema}.{self.name}" if self.schema else self.name


def entries(blocks: Iterable[bytes]) -> Iterator[Entry]:
    """Yield the entries of a script, without statements that only the source server's roles could execute.

    Raises:
        Conflict: the script ends among the rows of a table.
        StepFailed: an entry contains a psql command.
    """
    reader = _Reader(blocks)
    while reader.has_more:
        entry = reader.entry()
        yield entry
        for _ in entry.lines:
            pass  # the caller skipped these lines


def loadable(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of the script, without statements that only the source server's roles could execute."""
    for entry in entries(blocks):
        yield from entry.lines


class Place:
    """The position in a script: among statements, in the rows of a table, or inside a quoted string."""

    def __init__(self) -> None:
        self.is_data = False
        self._closing: re.Pattern[bytes] | None = None

    @property
    def is_statement(self) -> bool:
        """Return whether the next line begins among statements."""
        return not self.is_data and self._closing is None

    def go_on(self, line: bytes) -> None:
        """Advance by one line; rows are skipped by the reader instead."""
        if self._closing is None and line.startswith(b"COPY ") and COPY.match(line):
            self.is_data = True
        else:
            self._go_through(line)

    def _go_through(self, line: bytes) -> None:
        at = 0
        while True:
            if self._closing is not None:
                if (closed := self._closing.match(line, at)) is None:
                    return
                at, self._closing = closed.end(), None
            opened = _OPENING.search(line, at)
            if opened is None or opened[0] == b"--":
                return
            at, self._closing = opened.end(), _closing_of(opened, line)


class _Reader:
    """Reads lines with one line of lookahead."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = _whole_lines(blocks)
        self._lines: list[bytes] = []
        self._at = 0  # index after the next line
        self._next: bytes | None = b""
        self._place = Place()
        self._is_headless = True
        self._is_dos = False
        self._advance()

    @property
    def has_more(self) -> bool:
        return self._next is not None

    def entry(self) -> Entry:
        """Return the entry that begins at the next line."""
        heading = self._heading()
        if heading is not None:
            self._is_headless = False
            words = {name: (value or b"").decode(errors="replace") for name, value in heading.groupdict().items()}
            schema = words.pop("schema")
            return Entry(
                **words, schema="" if schema == "-" else schema, lines=self._until(self._heading, is_headed=True)
            )
        if self._is_headless and self._is_setting():
            return Entry(kind=SETTINGS, lines=self._until(lambda: self._heading() or not self._is_setting()))
        return Entry(kind=UNKNOWN, lines=self._until(self._heading))

    def _until(self, is_over: Callable[[], object], *, is_headed: bool = False) -> Iterator[bytes]:
        """Yield the next line and the following ones, until `is_over` is true for a line."""
        while (line := self._next) is not None:
            if self._place.is_data:
                yield from self._rows()
            elif not self._place.is_statement:
                self._take(line)
                yield line
            else:
                if is_headed and line.startswith(b"\\") and not line.startswith(WORDS_OF_PSQL):
                    raise StepFailed(f"the dump has a command of psql: {line[:80]!r}", hint=_OF_PG_DUMP)
                self._take(line)
                if not (line.startswith(WORDS_OF_PSQL) or _OF_THE_OTHER_SERVER.match(line)):
                    yield line
            if self._place.is_statement and self._next is not None and is_over():
                return
        if self._place.is_data:
            raise Conflict("the dump ends among the rows of a table", hint="take a whole one")

    def _rows(self) -> Iterator[bytes]:
        """Yield the rows of a table and the end marker, block by block, because there may be millions."""
        end = END_OF_ROWS + (b"\r\n" if self._is_dos else b"\n")
        while self._next is not None:
            at = self._at - 1
            last = self._index(end, at)
            self._at = len(self._lines) if last is None else last + 1
            rows = b"".join(self._lines[at : self._at])
            self._advance()
            self._place.is_data = last is None
            yield rows
            if last is not None:
                return

    def _index(self, line: bytes, start: int) -> int | None:
        try:
            return self._lines.index(line, start)
        except ValueError:
            return None

    def _advance(self) -> None:
        """Read the next line into the lookahead."""
        while self._at >= len(self._lines):
            if (lines := next(self._blocks, None)) is None:
                self._next = None
                return
            self._lines, self._at = lines, 0
        self._next = self._lines[self._at]
        self._at += 1

    def _take(self, line: bytes) -> None:
        self._place.go_on(line)
        self._is_dos = line.endswith(b"\r\n")
        self._advance()

    def _heading(self) -> re.Match[bytes] | None:
        line = self._next
        if line is None or not line.startswith(b"-- ") or not self._place.is_statement:
            return None
        return _HEADING.match(line.rstrip(b"\n"))

    def _is_setting(self) -> bool:
        line = self._next or b""
        return not line.strip() or line.startswith((b"--", *WORDS_OF_PSQL)) or _SETTING.match(line) is not None


def _closing_of(opened: re.Match[bytes], line: bytes) -> re.Pattern[bytes]:
    """Return the pattern that ends the quoted string."""
    sign, start = opened[0], opened.start()
    if sign == b"'" and re.search(rb"(?<![\w$\x80-\xff])[eE]$", line[:start]):
        sign = b"E'"
    return _CLOSING.get(sign) or re.compile(rb".*?" + re.escape(sign), re.DOTALL)


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest: list[bytes] = []
    for block in blocks:
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            # Do not use splitlines: a value may contain a carriage return, and only a line feed ends a line.
            yield [line + b"\n" for line in b"".join((*rest, head)).split(b"\n")]
            rest = [tail]
        else:
            rest.append(block)
    if any(rest):
        yield [b"".join(rest) + b"\n"]
