"""The differences between two snapshots of an Odoo database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from odooops_dagster.tools.postgres.odoo_snapshot import KINDS, OdooSnapshot, Thing
from odooops_dagster.tools.upgrade_report.form import Change, Changes, Renamed, RowCount, Values

# Odoo writes these tables itself when modules are updated, or empties them by the clock. Source: the models of base,
# web and bus, series 16 to 19.
_TECHNICAL = ("ir_", "bus_", "orm_", "base_import_", "base_module_", "base_language_", "res_groups_", "rel_modules_")
_TECHNICAL_TOO = frozenset({"rule_group_rel", "rel_server_actions"})
# These also have rows that people made.
_OF_PEOPLE = frozenset({"ir_attachment", "ir_filters", "ir_property"})
# Columns that differ after every update and mean nothing.
_IGNORED = frozenset({"id", "owners"})


def changes(before: OdooSnapshot, after: OdooSnapshot) -> dict[str, Changes]:
    """Return what was added, removed and changed of each kind but the modules."""
    return {kind: _of_kind(before.things[kind], after.things[kind]) for kind in KINDS if kind != "modules"}


def _of_kind(before: Mapping[str, Thing], after: Mapping[str, Thing]) -> Changes:
    return Changes(
        added=tuple(sorted(set(after) - set(before))),
        removed=tuple(sorted(set(before) - set(after))),
        changed=tuple(_changed(before, after)),
    )


def _changed(before: Mapping[str, Thing], after: Mapping[str, Thing]) -> Iterator[Change]:
    for name in sorted(set(before) & set(after)):
        facts = [fact for fact in after[name] if before[name][fact] != after[name][fact] and fact not in _IGNORED]
        if facts:
            yield Change(
                name=name,
                before={fact: before[name][fact] for fact in facts},
                after={fact: after[name][fact] for fact in facts},
            )


def renamed_fields(before: OdooSnapshot, after: OdooSnapshot) -> tuple[Renamed, ...]:
    """Return the fields that went while one new field of the model is like them.

    That is the only one of their type with as many values, or else the only one of their type.
    """
    old, new = before.things["fields"], after.things["fields"]
    came = sorted(set(new) - set(old))
    found = []
    for name in sorted(set(old) - set(new)):
        alike = [other for other in came if _is_like(name, old[name], other, new[other])]
        count = _value_count(before, name)
        twins = [other for other in alike if _value_count(after, other) == count]
        chosen = twins if len(twins) == 1 else alike
        if len(chosen) == 1:
            values = "" if count is None else f", {_value_count(after, chosen[0])} of {count} value(s)"
            found.append(Renamed(before=name, after=chosen[0], why=f"the same type{values}"))
    return tuple(found)


def _is_like(name: str, old: Thing, other: str, new: Thing) -> bool:
    facts = ("type", "relation", "stored")
    return name.rpartition(".")[0] == other.rpartition(".")[0] and all(old[fact] == new[fact] for fact in facts)


def _value_count(snapshot: OdooSnapshot, field: str) -> int | None:
    model, _, name = field.rpartition(".")
    return snapshot.values.get(model.replace(".", "_"), {}).get(name)


def row_counts(before: OdooSnapshot, after: OdooSnapshot, *, may_shrink: Collection[str] = ()) -> tuple[RowCount, ...]:
    """Return every table whose number of rows changed; an empty table that comes or goes is none."""
    transient = {
        name.replace(".", "_")
        for snapshot in (before, after)
        for name, model in snapshot.things["models"].items()
        if model["transient"]
    }
    new = {table: count for table, count in after.rows.items() if table not in before.rows}
    return tuple(
        RowCount(
            table=table,
            before=before.rows.get(table),
            after=after.rows.get(table),
            is_technical=_is_technical(table, transient),
            moved_to=_moved(before.rows.get(table), new) if table not in after.rows else None,
            may_shrink=table in may_shrink,
        )
        for table in sorted(set(before.rows) | set(after.rows))
        if before.rows.get(table, 0) != after.rows.get(table, 0)
    )


def lost_rows(counted: tuple[RowCount, ...]) -> tuple[RowCount, ...]:
    """Return the tables of people's data that have fewer rows than before and did not move."""
    return tuple(
        count
        for count in counted
        if not (count.is_technical or count.may_shrink)
        and count.moved_to is None
        and (count.before or 0) > (count.after or 0)
    )


def _moved(count: int | None, new: Mapping[str, int]) -> str | None:
    """Return the only new table with so many rows."""
    twins = [table for table, rows in new.items() if rows == count]
    return twins[0] if len(twins) == 1 and count else None


def _is_technical(table: str, transient: Collection[str]) -> bool:
    if table in _OF_PEOPLE:
        return False
    return table in transient or table in _TECHNICAL_TOO or table.startswith(_TECHNICAL)


def lost_values(before: OdooSnapshot, after: OdooSnapshot) -> tuple[Values, ...]:
    """Return the columns that have fewer values than before, in tables that have no fewer rows."""
    found = []
    for table, columns in before.values.items():
        if after.rows.get(table, -1) < before.rows[table]:
            continue
        now = after.values.get(table, {})
        new = {name: count for name, count in now.items() if name not in columns}
        for column, count in columns.items():
            if now.get(column, 0) < count:
                moved = _moved(count, new) if column not in now else None
                found.append(Values(table=table, column=column, before=count, after=now.get(column, 0), moved_to=moved))
    return tuple(found)
