"""Writes the schema as diagrams that GitHub draws: one per subject, and the whole without columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from docs.schema.model import Column, ForeignKey, Schema, Table
from docs.schema.subjects import Subject, subjects_of
from docs.schema.words import short_type

HEAD = """\
# The schema in diagrams

Tables of schema `ops` by subject, each with its columns, then the whole. In a subject's diagram a table without columns
belongs to another subject. `PK`, `FK` and `UK` mark columns of the primary key, of a reference and of a unique key.
[The reference](schema/README.md) has what a diagram cannot say.

Written by `python -m docs.generate` from a migrated database.
"""


def erd_page(schema: Schema) -> str:
    """Return the page with every diagram."""
    subjects = [subject for subject in subjects_of(schema) if subject.of(schema)]
    parts = [HEAD]
    parts += [
        f"## {subject.title}\n\n{subject.sentence}\n\n{_fence(_subject(subject, schema))}" for subject in subjects
    ]
    parts += [f"## The whole\n\n{_fence(_whole(schema))}"]
    return "\n".join(parts)


def _subject(subject: Subject, schema: Schema) -> Iterator[str]:
    """Yield the subject's tables with their columns, and every reference that begins at one of them."""
    tables = subject.of(schema)
    for table in tables:
        yield from _entity(table)
    yield from _lines(tables)


def _whole(schema: Schema) -> Iterator[str]:
    """Yield every table as a box, and one line between two tables however many references there are."""
    yield from (f"    {table.name}" for table in schema.tables)
    drawn: dict[tuple[str, str], str] = {}
    for table in schema.tables:
        for key in table.foreign_keys:
            drawn.setdefault((key.target, table.name), _line(table, key, label=key.columns[0]))
    yield from drawn.values()


def _entity(table: Table) -> Iterator[str]:
    yield f"    {table.name} {{"
    yield from (f"        {_attribute(column, table)}" for column in table.columns)
    yield "    }"


def _attribute(column: Column, table: Table) -> str:
    marks = [
        mark
        for mark, columns in (
            ("PK", table.primary_key),
            ("FK", {name for key in table.foreign_keys for name in key.columns}),
            ("UK", {key.columns[0] for key in table.keys if not key.is_primary and len(key.columns) == 1}),
        )
        if column.name in columns
    ]
    words = [short_type(column.type).removeprefix("ops."), column.name]
    words += [", ".join(marks)] if marks else []
    return " ".join(words)


def _lines(tables: Iterable[Table]) -> Iterator[str]:
    """Yield one line per reference; of two that begin with the same column, the one that says more."""
    for table in tables:
        longest: dict[tuple[str, str], ForeignKey] = {}
        for key in sorted(table.foreign_keys, key=lambda key: len(key.columns)):
            longest[key.target, key.columns[0]] = key
        for key in longest.values():
            yield _line(table, key, label=", ".join(key.columns))


def _line(table: Table, key: ForeignKey, *, label: str) -> str:
    return f'    {key.target} {_cardinality(table, key)} {table.name} : "{label}"'


def _cardinality(table: Table, key: ForeignKey) -> str:
    target = "||" if all(table.column(name).is_required for name in key.columns) else "|o"
    source = "o|" if key.columns in {item.columns for item in table.keys} else "o{"
    return f"{target}--{source}"


def _fence(lines: Iterable[str]) -> str:
    return "\n".join(["```mermaid", "erDiagram", *lines, "```", ""])
