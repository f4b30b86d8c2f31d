"""All printing: tables for people, JSON for programs, errors as one line and a hint."""

from __future__ import annotations

import codecs
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from odooops_dagster.errors import OdooOpsError

# The annotation of a reading verb's `json` parameter: `def list_(json: Json = False)`.
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
# The annotation of a destructive verb's `yes` parameter.
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


# What a terminal obeys instead of showing: control characters but tab and line feed, and marks that turn the direction
# of writing. Source: Unicode, general category Cc, and "Bidirectional Formatting Characters" in UAX #9.
_OBEYED = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]")


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print the text; what a terminal would obey is shown by its number, because branches and logs are strangers'."""
    typer.echo(shown(text), err=err, nl=nl)


def shown(text: str) -> str:
    """Return the text with each such character as JSON escapes it, so that JSON stays the same."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_bytes(blocks: Iterable[bytes]) -> None:
    """Write the bytes as they are into a file or a pipe; show them as text on a terminal."""
    if not sys.stdout.isatty():
        for block in blocks:
            sys.stdout.buffer.write(block)
        sys.stdout.flush()
        return
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for block in blocks:
        say(decoder.decode(block), nl=False)


def print_rows(rows: Sequence[object], *, columns: Sequence[str], json: bool = False, empty: str = "nothing") -> None:
    """Print rows (mappings or dataclasses): as JSON with every field, or as a table of the named columns."""
    plain = [_mapping(row) for row in rows]
    if json:
        print_json(plain)
    elif not plain:
        note(empty)
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column.replace("_", " "), overflow="fold")
        for row in plain:
            table.add_row(*(Text(shown(_cell(row.get(column)))) for column in columns))
        _console().print(table)


def print_fields(row: object, *, json: bool = False) -> None:
    """Print one object (mapping or dataclass), one field per line or as JSON."""
    plain = _mapping(row)
    if json:
        print_json(plain)
        return
    width = max((len(name) for name in plain), default=0)
    for name, value in plain.items():
        say(f"{name.replace('_', ' '):<{width}}  {_cell(value)}")


def print_json(value: object) -> None:
    """Print the value as JSON; times are ISO 8601, ids and paths are text."""
    say(json_text(value, ascii_alone=needs_ascii()))


def json_text(value: object, *, ascii_alone: bool = False) -> str:
    """Return the value as JSON; times are ISO 8601, ids and paths are text."""
    return json.dumps(value, indent=2, default=_plain, ensure_ascii=ascii_alone)


def take_any_encoding() -> None:
    """Write the letters that the terminal's encoding lacks as escapes, where Python would end the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def needs_ascii() -> bool:
    """Return whether JSON has to escape its letters itself: Python's escapes are not all JSON."""
    return codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"


def print_error(error: OdooOpsError, *, as_json: bool = False) -> None:
    """Print the error and its hint on stderr."""
    message = " ".join(str(error).split())
    if as_json:
        say(json.dumps({"error": message, "hint": error.hint, "kind": type(error).__name__}), err=True)
        return
    say(f"ops: {message}", err=True)
    if error.hint:
        say(f"  → {error.hint}", err=True)


def note(text: str) -> None:
    """Print a message for people on stderr, so that it does not mix with output for programs."""
    say(text, err=True)


def confirm(plan: Sequence[str], *, yes: bool) -> None:
    """Print what a destructive verb is about to do, and continue only after confirmation."""
    for line in plan:
        note(line)
    if not yes and not typer.confirm("Go on?", err=True):
        raise typer.Exit(1)


def _console() -> Console:
    # A pipe has no width: never wrap lines that another program reads.
    return Console(width=None if sys.stdout.isatty() else 10_000, highlight=False)


def _mapping(row: object) -> dict[str, Any]:
    if is_dataclass(row) and not isinstance(row, type):
        return asdict(row)
    if isinstance(row, Mapping):
        return dict(row)
    raise TypeError(f"cannot print a {type(row).__name__}")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, default=_plain)
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
