"""All printing: tables for people, JSON for programs, errors as one line and a hint."""

from __future__ import annotations

import codecs
import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from odooops_dagster.doors.cli.spoken import spoken
from odooops_dagster.doors.cli.tables import short, table_lines
from odooops_dagster.errors import OdooOpsError

# The annotation of a reading verb's `json` parameter: `def list_(json: Json = False)`.
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
# The annotation of a listing verb's `wide` parameter.
Wide = Annotated[bool, typer.Option("--wide", help="Whole values, however long the lines.")]
# The annotation of a destructive verb's `yes` parameter.
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


# Characters that a terminal obeys instead of showing: control characters but tab and line feed, and marks that turn the
# direction of writing. Source: Unicode, general category Cc, and "Bidirectional Formatting Characters" in UAX #9.
_OBEYED = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]")


# Who wants to know what is printed: one that tells that a command still works.
_LISTENERS: list[Callable[[str], None]] = []


def hear(listener: Callable[[str], None]) -> None:
    """Call the listener with each text that is printed from now on."""
    _LISTENERS.append(listener)


def unhear(listener: Callable[[str], None]) -> None:
    """Call the listener no longer."""
    if listener in _LISTENERS:
        _LISTENERS.remove(listener)


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print the text; what a terminal would obey is shown by its number, because branches and logs are strangers'."""
    for listener in tuple(_LISTENERS):
        listener(text)
    # Named, because click takes a stream of its own, in UTF-8, for one that says it is ASCII.
    typer.echo(shown(text), file=sys.stderr if err else sys.stdout, nl=nl)


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


def print_rows(
    rows: Sequence[object], *, columns: Sequence[str], json: bool = False, empty: str = "nothing", wide: bool = False
) -> None:
    """Print rows (mappings or dataclasses): as JSON with every field, or as a table of the named columns.

    On a terminal each row is one line that fits, with short values, unless `wide` asks for the whole ones. A pipe has
    no width: lines that another program reads are never cut.
    """
    plain = [_mapping(row) for row in rows]
    if json:
        print_json(plain)
    elif not plain:
        note(empty)
    else:
        width = _width()
        is_short = width is not None and not wide
        told = [{name: _told(row.get(name), is_short=is_short) for name in columns} for row in plain]
        for line in table_lines(columns, told, width=width if width and is_short else sys.maxsize):
            say(line)


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
    message = spoken(" ".join(str(error).split()))
    hint = spoken(error.hint) if error.hint else None
    if as_json:
        say(json.dumps({"error": message, "hint": hint, "kind": type(error).__name__}), err=True)
        return
    say(f"ops: {message}", err=True)
    if hint:
        say(f"  → {hint}", err=True)


def note(text: str) -> None:
    """Print a message for people on stderr, so that it does not mix with output for programs."""
    say(text, err=True)


def confirm(plan: Sequence[str], *, yes: bool) -> None:
    """Print what a destructive verb is about to do, and continue only after confirmation."""
    for line in plan:
        note(line)
    if not yes and not typer.confirm("Go on?", err=True):
        raise typer.Exit(1)


def _width() -> int | None:
    """Return the columns of the terminal; None for a pipe, which has no width."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _told(value: object, *, is_short: bool) -> str:
    return shown(_cell(short(value) if is_short else value))


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
