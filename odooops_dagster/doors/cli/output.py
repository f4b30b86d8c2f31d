"""The one place that prints: tables for people, JSON for machines, errors as one line and its remedy."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from odooops_dagster.errors import OdooOpsError

# What a reader's `json` parameter is annotated with: `def list_(json: Json = False)`.
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
# What a destructive verb's `yes` parameter is annotated with.
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def print_rows(rows: Sequence[object], *, columns: Sequence[str], json: bool = False, empty: str = "nothing") -> None:
    """Print rows (mappings or dataclasses): every field as JSON, the named columns as a table."""
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
            table.add_row(*(Text(_cell(row.get(column))) for column in columns))
        _console().print(table)


def print_fields(row: object, *, json: bool = False) -> None:
    """Print one object (mapping or dataclass), a field a line."""
    plain = _mapping(row)
    if json:
        print_json(plain)
        return
    width = max((len(name) for name in plain), default=0)
    for name, value in plain.items():
        typer.echo(f"{name.replace('_', ' '):<{width}}  {_cell(value)}")


def print_json(value: object) -> None:
    """Print the value as JSON; times are ISO 8601, ids and paths are text."""
    typer.echo(json.dumps(value, indent=2, default=_plain, ensure_ascii=False))


def print_error(error: OdooOpsError, *, as_json: bool = False) -> None:
    """Print what went wrong, and what to do about it, on stderr."""
    message = " ".join(str(error).split())
    if as_json:
        typer.echo(json.dumps({"error": message, "hint": error.hint, "kind": type(error).__name__}), err=True)
        return
    typer.echo(f"ops: {message}", err=True)
    if error.hint:
        typer.echo(f"  → {error.hint}", err=True)


def note(text: str) -> None:
    """Tell a person how things stand, on stderr, where it does not mix with what a program reads."""
    typer.echo(text, err=True)


def confirm(plan: Sequence[str], *, yes: bool) -> None:
    """Print what a destructive verb is about to do and go on only with consent."""
    for line in plan:
        note(line)
    if not yes and not typer.confirm("Go on?", err=True):
        raise typer.Exit(1)


def _console() -> Console:
    # A pipe has no width: never break the lines of what another program reads.
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
