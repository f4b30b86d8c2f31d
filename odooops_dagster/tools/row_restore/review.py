"""The review file: the result of a diff of records, from which a person removes unwanted changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from odooops_dagster.errors import BadInput
from odooops_dagster.files import write_whole
from odooops_dagster.tools.backup.external_files import store_of

FORMAT = "odooops-records"
VERSION = 1

# Column values in PostgreSQL's text representation; None is null.
Values = Mapping[str, str | None]
Kind = Literal["insert", "update", "only_in_live"]

_CELL = 80
_TITLES: dict[Kind, str] = {
    "insert": "Missing in the live database; apply inserts them",
    "update": "Different; apply writes the backup's values",
    "only_in_live": "Only in the live database; apply leaves them alone",
}


@dataclass(frozen=True, kw_only=True)
class Header:
    """The backup and the database that were compared."""

    backup_id: str
    taken_at: str
    environment: str
    database: str
    made_at: str
    tables: tuple[str, ...]
    notes: tuple[str, ...] = ()  # differences between the two tables' columns


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row: its values in the backup, and in the live database at the time of the diff."""

    kind: Kind
    table: str
    key: Values
    values: Values = field(default_factory=dict)  # values that `apply` writes
    live: Values = field(default_factory=dict)  # values that `apply` requires in the live row
    dangling: tuple[str, ...] = ()  # references to rows that are not in the live database

    @property
    def name(self) -> str:
        """Return the readable name of the row."""
        return f"{self.table} {', '.join(f'{column} {value}' for column, value in self.key.items())}"

    @property
    def file_name(self) -> str | None:
        """Return the filestore file that the row refers to, None if there is none."""
        name = self.values.get("store_fname") if self.table == "ir_attachment" else None
        return name if name and not store_of(name) else None


@dataclass(frozen=True, kw_only=True)
class Review:
    """The content of a review file."""

    header: Header
    changes: tuple[Change, ...]

    def of(self, *kinds: Kind) -> tuple[Change, ...]:
        """Return the changes of these kinds."""
        return tuple(change for change in self.changes if change.kind in kinds)


def write_review(review: Review, path: Path) -> Path:
    """Write the review and a readable page beside it, both readable by their owner only; return the page's path."""
    write_whole(path, to_bytes(review))
    page = path.with_name(path.name + ".md")
    write_whole(page, "\n".join(_page(review)).encode())
    return page


def read_review(path: Path) -> Review:
    """Read the review file, from which a person may have removed lines.

    Raises:
        BadInput: a line is not as it was written, but for its values.
    """
    try:
        return from_bytes(path.read_bytes(), name=str(path))
    except FileNotFoundError as exc:
        raise BadInput(f"there is no file {path}", hint="ops backup records diff") from exc


def to_bytes(review: Review) -> bytes:
    """Return the content of the file: a header line, then one line per change."""
    head = {"format": FORMAT, "version": VERSION, **asdict(review.header)}
    lines = [head, *({"change": change.kind, **_row(change)} for change in review.changes)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def from_bytes(data: bytes, *, name: str) -> Review:
    """Parse the content of a review file; `name` appears in errors.

    Raises:
        BadInput: a line is not as it was written, but for its values.
    """
    hint = "remove whole lines and leave the others as they are, or make a new diff"
    try:
        # Do not use splitlines: a value may contain other characters that it treats as line ends.
        lines = [json.loads(line) for line in data.decode("utf-8").split("\n") if line.strip()]
        header, *rows = lines
        if header.pop("format") != FORMAT or header.pop("version") != VERSION:
            raise BadInput(f"{name} is no review of this version", hint=hint)
        return Review(header=_header(header), changes=tuple(map(_change, rows)))
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise BadInput(f"{name} cannot be read as a review: {exc}", hint=hint) from exc


def _row(change: Change) -> dict[str, Any]:
    row = asdict(change)
    del row["kind"]
    return {name: value for name, value in row.items() if value}


def _header(row: dict[str, Any]) -> Header:
    return Header(**row | {"tables": tuple(row["tables"]), "notes": tuple(row["notes"])})


def _change(row: dict[str, Any]) -> Change:
    kind = row.pop("change")
    if kind not in _TITLES:
        raise ValueError(f"{kind!r} is no kind of change")
    change = Change(kind=kind, **row | {"dangling": tuple(row.get("dangling", ()))})
    for values in (change.key, change.values, change.live):
        if not all(isinstance(value, str | None) for value in values.values()):
            raise ValueError(f"{change.name}: values are texts or null")
    if not change.key or (change.kind == "update" and change.values.keys() != change.live.keys()):
        raise ValueError(f"{change.name}: the live values are of other columns than the backup's")
    return change


def _page(review: Review) -> Iterator[str]:
    header = review.header
    yield f"# Records of backup {header.backup_id}"
    yield ""
    yield f"Taken {header.taken_at}, compared with {header.environment} ({header.database}) at {header.made_at}."
    yield ""
    yield from (f"- {note}" for note in header.notes)
    for kind, title in _TITLES.items():
        if changes := review.of(kind):
            yield from ("", f"## {title}: {len(changes)}", "")
            yield from _table(kind, changes)


def _table(kind: Kind, changes: Sequence[Change]) -> Iterator[str]:
    columns = ("row", "column", "live", "backup") if kind == "update" else ("row", "values")
    yield _line(columns)
    yield _line(["---"] * len(columns))
    for change in changes:
        if kind == "update":
            yield from (_line((change.name, name, change.live[name], change.values[name])) for name in change.values)
        else:
            values = ", ".join(f"{name}={value}" for name, value in change.values.items() if value is not None)
            yield _line((change.name, values))
        for reference in change.dangling:
            yield _line((change.name, f"**refers to {reference}, which the live database no longer has**"))


def _line(cells: Iterable[str | None]) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(value: str | None) -> str:
    if value is None:
        return "_null_"
    short = value if len(value) <= _CELL else value[:_CELL] + "…"
    return short.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
