"""Writes the schema as Prisma's, from which Prisma generates TypeScript types and a client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from docs.schema.model import Column, Schema, Table, View
from docs.schema.prisma_names import Relation, enum_name, field_name, model_name, relations, view_name
from docs.schema.sources import Notes
from docs.schema.words import literal, short_type

HEAD = """\
// Schema ops for Prisma. Written by `python -m docs.generate` from a migrated database, which `ops db migrate` makes:
// read it with Prisma, never push from it. Checks, partial indexes, policies and triggers have no word here.
generator client {
  provider        = "prisma-client"
  output          = "./generated"
  previewFeatures = ["views"]
}

datasource db {
  provider = "postgresql"
  schemas  = ["ops"]
}
"""
_SCALARS = {
    "uuid": ("String", "@db.Uuid"),
    "text": ("String", ""),
    "int": ("Int", ""),
    "smallint": ("Int", "@db.SmallInt"),
    "bigint": ("BigInt", ""),
    "bool": ("Boolean", ""),
    "jsonb": ("Json", ""),
    "bytea": ("Bytes", ""),
    "timestamptz": ("DateTime", "@db.Timestamptz(6)"),
    "date": ("DateTime", "@db.Date"),
    "numeric": ("Decimal", ""),
    "float8": ("Float", ""),
}
_ON_DELETE = {"no action": "NoAction", "cascade": "Cascade", "set null": "SetNull", "restrict": "Restrict"}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One line of a model: name, type and attributes."""

    name: str
    type: str
    attributes: tuple[str, ...] = ()
    comment: str | None = None


def prisma(schema: Schema, notes: Notes) -> str:
    """Return the whole schema in Prisma's language."""
    held = relations(schema)
    parts = [HEAD]
    parts += [_enum(enum.name, enum.labels, notes) for enum in schema.enums]
    parts += [_model(table, schema, held) for table in schema.tables]
    parts += [_view(view, schema) for view in schema.views]
    return "\n".join(parts)


def _enum(name: str, labels: tuple[str, ...], notes: Notes) -> str:
    lines = []
    for label in labels:
        lines += _comment(notes.labels.get((name, label)), indent="  ")
        lines.append(f"  {label}")
    return "\n".join([f"enum {enum_name(name)} {{", *lines, "", f'  @@map("{name}")', '  @@schema("ops")', "}", ""])


def _model(table: Table, schema: Schema, held: tuple[Relation, ...]) -> str:
    fields = [_field(column, table, schema) for column in table.columns]
    for relation in held:
        fields += [_reference(relation)] if relation.table == table.name else []
        fields += [_back_reference(relation)] if relation.key.target == table.name else []
    return _block(
        f"model {model_name(table.name)}", mapped=table.name, comment=table.comment, fields=fields, keys=_keys(table)
    )


def _view(view: View, schema: Schema) -> str:
    """Return a view without the columns that Prisma has no type for: its client fails on a view that has one."""
    fields, left_out = [], []
    for column in view.columns:
        kind = _type(column, schema, is_optional=True)
        if kind.startswith("Unsupported"):
            left_out.append(f"Without {column.name}: Prisma has no type for {column.type}.")
        else:
            name, attributes = field_name(column.name), tuple(_attributes(column))
            fields.append(Field(name=name, type=kind, attributes=attributes, comment=column.comment))
    comment = "\n".join([view.comment, *left_out])
    return _block(f"view {view_name(view.name)}", mapped=view.name, comment=comment, fields=fields)


def _block(head: str, *, mapped: str, comment: str, fields: list[Field], keys: Iterable[str] = ()) -> str:
    name_width = max(len(field.name) for field in fields)
    type_width = max(len(field.type) for field in fields)
    lines = [*_comment(comment), f"{head} {{"]
    for field in fields:
        lines += _comment(field.comment, indent="  ")
        words = [field.name.ljust(name_width), field.type.ljust(type_width), *field.attributes]
        lines.append(f"  {' '.join(words).rstrip()}")
    lines += ["", *(f"  {key}" for key in keys), f'  @@map("{mapped}")', '  @@schema("ops")', "}", ""]
    return "\n".join(lines)


def _field(column: Column, table: Table, schema: Schema) -> Field:
    attributes = ["@id"] if table.primary_key == (column.name,) else []
    unique = [key for key in table.keys if key.columns == (column.name,) and not key.is_primary]
    attributes += [f'@unique(map: "{key.name}")' for key in unique]
    attributes += _default(column, schema)
    attributes += _attributes(column)
    kind = _type(column, schema, is_optional=not column.is_required)
    return Field(name=field_name(column.name), type=kind, attributes=tuple(attributes), comment=column.comment)


def _attributes(column: Column) -> list[str]:
    mapped = [f'@map("{column.name}")'] if field_name(column.name) != column.name else []
    native = _SCALARS.get(short_type(column.type).removesuffix("[]"), ("", ""))[1]
    return [*mapped, native] if native else mapped


def _type(column: Column, schema: Schema, *, is_optional: bool) -> str:
    short = short_type(column.type)
    base = short.removesuffix("[]")
    if schema.is_enum(base):
        name = enum_name(base.removeprefix("ops."))
    else:
        name = _SCALARS[base][0] if base in _SCALARS else f'Unsupported("{base}")'
    if short.endswith("[]"):
        return f"{name}[]"
    return f"{name}?" if is_optional else name


def _default(column: Column, schema: Schema) -> list[str]:
    if column.is_identity:
        return ["@default(autoincrement())"]
    if column.default is None:
        return []
    return [f"@default({_default_value(column.default, column.type, schema)})"]


def _default_value(default: str, kind: str, schema: Schema) -> str:
    text = literal(default)
    if text is not None and schema.is_enum(kind):
        return text
    if text is not None and kind.endswith("[]"):
        return "[" + ", ".join(_text(part) for part in text.strip("{}").split(",") if part) + "]"
    if text is not None and short_type(kind) in {"text", "jsonb"}:
        return _text(text)
    if default in {"true", "false", "now()"} or default.lstrip("-").isdigit():
        return default
    return f"dbgenerated({_text(default)})"


def _reference(relation: Relation) -> Field:
    key = relation.key
    arguments = [
        _text(key.name),
        f"fields: [{_fields(key.columns)}]",
        f"references: [{_fields(key.target_columns)}]",
        f"onDelete: {_ON_DELETE[key.on_delete]}",
        "onUpdate: NoAction",
        f'map: "{key.name}"',
    ]
    kind = model_name(key.target) + ("?" if relation.is_optional else "")
    return Field(name=relation.field, type=kind, attributes=(f"@relation({', '.join(arguments)})",))


def _back_reference(relation: Relation) -> Field:
    kind = model_name(relation.table) + ("?" if relation.is_one_to_one else "[]")
    return Field(name=relation.back_field, type=kind, attributes=(f"@relation({_text(relation.key.name)})",))


def _keys(table: Table) -> Iterator[str]:
    for key in table.keys:
        if key.is_primary and len(key.columns) > 1:
            yield f'@@id([{_fields(key.columns)}], map: "{key.name}")'
        elif not key.is_primary and len(key.columns) > 1:
            yield f'@@unique([{_fields(key.columns)}], map: "{key.name}")'
    for index in table.indexes:
        if index.is_plain and not index.is_unique and index.method == "btree":
            yield f'@@index([{_fields(index.columns)}], map: "{index.name}")'


def _fields(columns: tuple[str, ...]) -> str:
    return ", ".join(field_name(column) for column in columns)


def _comment(text: str | None, *, indent: str = "") -> list[str]:
    return [f"{indent}/// {line}" for line in (text or "").splitlines()]


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
