"""Names in the Prisma schema: models, enums, fields, and both ends of every relation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from docs.schema.model import ForeignKey, Schema, Table
from docs.schema.words import camel, pascal, singular


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A foreign key with the names of the fields at both ends."""

    table: str
    key: ForeignKey
    field: str
    back_field: str
    is_optional: bool
    is_one_to_one: bool


def relations(schema: Schema) -> tuple[Relation, ...]:
    """Return every relation; where two would have one name, the later says by which columns."""
    taken = defaultdict(set, {t.name: {field_name(column.name) for column in t.columns} for t in schema.tables})
    found = []
    for table in schema.tables:
        for key in sorted(table.foreign_keys, key=lambda item: (len(item.columns), item.name)):
            field = _free(_field(key), _by(key), taken[table.name])
            rows = singular(table.name) if _is_one_to_one(table, key) else table.name
            back = _free(camel(rows), pascal(f"by_{field_name(key.columns[0])}"), taken[key.target])
            found.append(_relation(table, key, field=field, back=back))
    return tuple(found)


def model_name(table: str) -> str:
    """Return the model of a table: Run of runs."""
    return pascal(singular(table))


def view_name(view: str) -> str:
    """Return the name of a view, which keeps its number: VRunQueue of v_run_queue."""
    return pascal(view)


# Enums that would be called like the model of a table.
_NAMESAKES = {"orphan_decision": "OrphanDecisionKind"}


def enum_name(name: str) -> str:
    """Return the name of an enum: RunStatus of run_status."""
    return _NAMESAKES.get(name) or pascal(name)


def field_name(column: str) -> str:
    """Return the field of a column: projectId of project_id."""
    return camel(column)


def _field(key: ForeignKey) -> str:
    """Return the first column without its _id; a column without one keeps its name to itself."""
    first = key.columns[0]
    if first == "id":
        return camel(singular(key.target))
    return camel(first.removesuffix("_id")) if first.endswith("_id") else camel(f"{first}_{singular(key.target)}")


def _by(key: ForeignKey) -> str:
    return pascal("by_" + "_and_".join(key.columns[1:] or key.columns))


def _free(name: str, ending: str, taken: set[str]) -> str:
    """Take the name, or the name with the ending where it is another's."""
    chosen = name if name not in taken else f"{name}{ending}"
    while chosen in taken:
        chosen += "Again"
    taken.add(chosen)
    return chosen


def _relation(table: Table, key: ForeignKey, *, field: str, back: str) -> Relation:
    return Relation(
        table=table.name,
        key=key,
        field=field,
        back_field=back,
        is_optional=not all(table.column(name).is_required for name in key.columns),
        is_one_to_one=_is_one_to_one(table, key),
    )


def _is_one_to_one(table: Table, key: ForeignKey) -> bool:
    return key.columns in {item.columns for item in table.keys}
