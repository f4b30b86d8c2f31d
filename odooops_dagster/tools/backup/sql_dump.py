"""Scans a plain SQL dump for its facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.backup.script import COPY, END_OF_ROWS, WORDS_OF_PSQL

# Longer lines are rows with file contents and contain nothing that is searched for.
_LONGEST_LINE = 1024 * 1024
_NAME = re.compile(r'"(?:[^"]|"")*"|[^".]+')
_COMPLETE = b"-- PostgreSQL database dump complete"
_SERVER = b"-- Dumped from database version "
_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


@dataclass
class PlainDump:
    """The facts of a plain SQL dump."""

    server_version: str = ""
    modules: dict[str, str] = field(default_factory=dict)  # version of each installed module
    attachments: set[str] = field(default_factory=set)  # values of ir_attachment.store_fname
    rows: dict[str, int] = field(default_factory=dict)  # row count per table
    commands: set[str] = field(default_factory=set)  # psql commands, which a load refuses
    is_whole: bool = False


def scan(stream: BinaryIO) -> PlainDump:
    """Read the dump to its end and return its facts; at most 1 MiB of a line is in memory."""
    found = PlainDump()
    lines = _starts(stream)
    for line in lines:
        if copy := COPY.match(line):
            _take_rows(found, copy, lines)
        elif line.startswith(_SERVER):
            found.server_version = line.removeprefix(_SERVER).decode(errors="replace").strip()
        elif line.startswith(_COMPLETE):
            found.is_whole = True
        elif line.startswith(b"\\") and not line.startswith(WORDS_OF_PSQL):
            found.commands.add(line.split()[0].decode(errors="replace"))
    return found


def _starts(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the first _LONGEST_LINE bytes of each line."""
    is_start = True
    while part := stream.readline(_LONGEST_LINE):
        if is_start:
            yield part
        is_start = part.endswith(b"\n")


def _take_rows(found: PlainDump, copy: re.Match[bytes], lines: Iterator[bytes]) -> None:
    table = _plain_name(copy["table"])
    columns = [column.strip(b'"').decode(errors="replace") for column in copy["columns"].split(b", ")]
    count = 0
    for line in lines:
        if line.startswith(END_OF_ROWS):
            break
        count += 1
        if table == "public.ir_attachment":
            _take_file(found, columns, line)
        elif table == "public.ir_module_module":
            _take_module(found, columns, line)
    found.rows[table] = found.rows.get(table, 0) + count


def _take_file(found: PlainDump, columns: list[str], line: bytes) -> None:
    if name := _value("store_fname", columns, line):
        found.attachments.add(name)


def _take_module(found: PlainDump, columns: list[str], line: bytes) -> None:
    if _value("state", columns, line) == "installed" and (name := _value("name", columns, line)):
        found.modules[name] = _value("latest_version", columns, line) or ""


def _value(column: str, columns: list[str], line: bytes) -> str | None:
    """Return the row's value of the column; None for null, or if a long line was cut before its end.

    Raises:
        BadInput: the value is not valid UTF-8 or contains a zero byte.
    """
    values = line.removesuffix(b"\n").split(b"\t")
    if not line.endswith(b"\n"):
        values.pop()
    place = columns.index(column) if column in columns else len(values)
    if place >= len(values) or values[place] == b"\\N":
        return None
    value = re.sub(rb"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), values[place])
    if b"\0" in value:
        raise BadInput(f"the dump has a {column} that is no text: {value[:80]!r}", hint="take a dump of pg_dump")
    try:
        return value.decode()
    except UnicodeDecodeError as exc:
        hint = "take a dump in UTF-8, as Odoo's databases are"
        raise BadInput(f"the dump has a {column} that is no text: {value[:80]!r}", hint=hint) from exc


def _plain_name(name: bytes) -> str:
    parts = _NAME.findall(name.decode(errors="replace"))
    return ".".join(part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts)
