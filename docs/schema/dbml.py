"""Writes the schema as DBML, for dbdiagram.io and what else reads it."""

from __future__ import annotations

from collections.abc import Iterator

from docs.schema.model import Column, ForeignKey, Index, Schema, Table
from docs.schema.sources import Notes
from docs.schema.subjects import subjects_of
from docs.schema.words import literal, pascal, short_type

HEAD = """\
// Schema ops. Written by `python -m docs.generate` from a migrated database; DBML has no word for views, triggers,
// policies and partial conditions, which are in docs/reference/schema/.
Project odooops {
  database_type: 'PostgreSQL'
  Note: 'The control plane: projects, environments, the queue of runs, releases and their audit trail.'
}
"""


def dbml(schema: Schema, notes: Notes) -> str:
    """Return the whole schema as DBML."""
    parts = [HEAD, *(_enum(enum.name, enum.labels, notes) for enum in schema.enums)]
    parts += [_table(table) for table in schema.tables]
    parts += ["".join(f"{line}\n" for line in _references(schema))]
    parts += [_group(subject.title, [table.name for table in subject.of(schema)]) for subject in subjects_of(schema)]
    return "\n".join(parts)


def _enum(name: str, labels: tuple[str, ...], notes: Notes) -> str:
    lines = [f"  {_name(label)}{_settings(_note(notes.labels.get((name, label))))}" for label in labels]
    return "\n".join([f"Enum ops.{name} {{", *lines, "}", ""])


def _table(table: Table) -> str:
    lines = [f"Table ops.{table.name} {{"]
    lines += [f"  {_column(column, table)}" for column in table.columns]
    indexes = list(_indexes(table))
    if indexes:
        lines += ["", "  indexes {", *(f"    {line}" for line in indexes), "  }"]
    if table.checks:
        lines += ["", "  checks {", *(f"    {_expression(check)}" for check in table.checks), "  }"]
    return "\n".join([*lines, "", f"  Note: {_text(table.comment)}", "}", ""])


def _column(column: Column, table: Table) -> str:
    settings = ["pk"] if table.primary_key == (column.name,) else []
    settings += ["increment"] if column.is_identity else []
    settings += ["not null"] if column.is_required and "pk" not in settings else []
    settings += [f"default: {_default(column.default)}"] if column.default else []
    settings += _note(column.comment)
    return f"{_name(column.name)} {_type(column.type)}{_settings(settings)}"


def _indexes(table: Table) -> Iterator[str]:
    for key in table.keys:
        if key.is_primary and len(key.columns) > 1:
            yield f"({_names(key.columns)}) [pk]"
        elif not key.is_primary:
            yield f"({_names(key.columns)}) [unique, name: {_text(key.name)}]"
    yield from (_index(index) for index in table.indexes)


def _index(index: Index) -> str:
    columns = ", ".join(_name(part) if part.isidentifier() else _expression(part) for part in index.columns)
    settings = ["unique"] if index.is_unique and not index.predicate else []
    settings += [f"type: {index.method}"] if index.method in {"btree", "hash"} else []
    settings += [f"name: {_text(index.name)}"]
    unique = "unique " if index.is_unique and index.predicate else ""
    method = f"{index.method} " if index.method not in {"btree", "hash"} else ""
    condition = f"where {index.predicate}" if index.predicate else ""
    settings += _note(f"{unique}{method}{condition}".strip())
    return f"({columns}){_settings(settings)}"


def _references(schema: Schema) -> Iterator[str]:
    for table in schema.tables:
        for key in table.foreign_keys:
            yield _reference(table, key)


def _reference(table: Table, key: ForeignKey) -> str:
    source = f"ops.{table.name}.{_end(key.columns)}"
    target = f"ops.{key.target}.{_end(key.target_columns)}"
    # Between one and one, DBML takes the end at the right for the one that refers.
    is_one_to_one = key.columns in {item.columns for item in table.keys}
    ends = f"{target} - {source}" if is_one_to_one else f"{source} > {target}"
    return f"Ref {key.name}: {ends} [delete: {key.on_delete}]"


def _group(title: str, tables: list[str]) -> str:
    return "\n".join(
        [f"TableGroup {pascal(title.lower().replace(' ', '_'))} {{", *(f"  ops.{t}" for t in tables), "}", ""]
    )


def _default(default: str) -> str:
    text = literal(default)
    if text is not None:
        return _text(text)
    return default if default in {"true", "false"} or default.lstrip("-").isdigit() else _expression(default)


def _type(name: str) -> str:
    short = short_type(name)
    return short if all(part.isidentifier() for part in short.split(".")) else f'"{short}"'


def _note(text: str | None) -> list[str]:
    return [f"note: {_text(text)}"] if text else []


def _settings(settings: list[str]) -> str:
    return f" [{', '.join(settings)}]" if settings else ""


def _end(columns: tuple[str, ...]) -> str:
    return _name(columns[0]) if len(columns) == 1 else f"({_names(columns)})"


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(_name(column) for column in columns)


def _name(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _expression(text: str) -> str:
    return f"`{text}`"
