"""Writes the rows of a reviewed diff into the live database, all or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from psycopg import sql

from odooops_dagster.errors import BadInput, Conflict
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup.tables import Connection, Key, Table, connected, describe, fetch
from odooops_dagster.tools.row_restore.review import Change, Review, Values

# Restores the named files to the live filestore.
BringBack = Callable[[Sequence[str]], object]

_AGAIN = "make a new diff and review it: ops backup records diff"


@dataclass(frozen=True, kw_only=True)
class Applied:
    """The number of written rows, and the restored files."""

    inserted: int
    updated: int
    files: tuple[str, ...]


def apply(access: DatabaseAccess, review: Review, *, bring_back: BringBack) -> Applied:
    """Write the reviewed rows as the role in `access`, in one transaction; restore their files before the commit.

    Raises:
        Conflict: a live row differs from the one in the diff, or a constraint refuses a row; nothing was written.
        BadInput: the review names a column that does not exist.
    """
    inserts, updates = review.of("insert"), review.of("update")
    files = tuple(dict.fromkeys(change.file_name for change in (*inserts, *updates) if change.file_name))
    with connected(access, writes=True) as live:
        tables = {label: describe(live, label) for label in {change.table for change in (*inserts, *updates)}}
        for change in (*inserts, *updates):
            _refuse_unknown(tables[change.table], change)
        for change in updates:
            _lock(live, tables[change.table], change)
        _insert_all(live, tables, inserts)
        for change in updates:  # after the inserts, because an update may refer to an inserted row
            _set(live, tables[change.table], _key(tables[change.table], change), change.values)
        for label in {change.table for change in inserts}:
            _advance(live, tables[label])
        bring_back(files)
    return Applied(inserted=len(inserts), updated=len(updates), files=files)


def _refuse_unknown(table: Table, change: Change) -> None:
    unknown = [column for column in change.values if column not in table.columns]
    if unknown or tuple(change.key) != table.key:
        raise BadInput(f"{change.name}: the live table has no {', '.join(unknown) or 'such key'}", hint=_AGAIN)
    if change.kind == "insert" and any(change.values.get(column) != value for column, value in change.key.items()):
        raise BadInput(f"{change.name}: its values are of another row", hint=_AGAIN)


def _lock(live: Connection, table: Table, change: Change) -> None:
    """Lock the live row; raise Conflict if it differs from the one in the diff."""
    key = _key(table, change)
    found = fetch(live, table, tuple(change.live), [key], lock=True).get(key)
    if found is None:
        raise Conflict(f"{change.name} is no longer in the live database", hint=_AGAIN)
    moved = [column for column, value in change.live.items() if found[column] != value]
    if moved:
        raise Conflict(f"{change.name} has another {', '.join(moved)} than the diff saw", hint=_AGAIN)


def _set(live: Connection, table: Table, key: Key, values: Values) -> None:
    assignments = sql.SQL(", ").join(_equals(column) for column in values)
    where = sql.SQL(" and ").join(_equals(column) for column in table.key)
    statement = sql.SQL("update {} set {} where {}").format(table.identifier, assignments, where)
    written = live.execute(statement, [*values.values(), *key]).rowcount
    if written != 1:
        raise Conflict(f"{written} rows of {table.label} were written instead of one", hint=_AGAIN)


def _insert_all(live: Connection, tables: dict[str, Table], inserts: Sequence[Change]) -> None:
    """Insert the rows in the order of their required references; set nullable references after all are inserted."""
    rows = {(change.table, _key(tables[change.table], change)): change for change in inserts}
    if len(rows) < len(inserts):
        raise BadInput("the review inserts a row twice", hint=_AGAIN)
    waiting = dict(rows)
    later: list[tuple[Table, Key, Values]] = []
    while waiting:
        ready = [change for change in waiting.values() if not _lacks(tables[change.table], change, waiting)]
        if not ready:
            names = ", ".join(change.name for change in list(waiting.values())[:5])
            raise Conflict(f"these rows cannot do without each other: {names}", hint="restore the whole backup")
        for change in ready:
            table = tables[change.table]
            postponed = _postponed(table, change, waiting)
            _insert(live, table, change.name, {**change.values, **dict.fromkeys(postponed)})
            if postponed:
                later.append((table, _key(table, change), postponed))
        for change in ready:
            del waiting[change.table, _key(tables[change.table], change)]
    for table, key, values in later:
        _set(live, table, key, values)


def _lacks(table: Table, change: Change, waiting: dict[tuple[str, Key], Change]) -> bool:
    """Return whether a required reference of the row points to another row that is not inserted yet."""
    return any(
        table.required.issuperset(reference.columns) and waiting[target] is not change
        for reference in table.references
        if (target := (reference.table, reference.key_in(change.values) or ())) in waiting
    )


def _postponed(table: Table, change: Change, waiting: dict[tuple[str, Key], Change]) -> dict[str, str | None]:
    """Return the values of nullable columns that refer to rows that are not inserted yet."""
    return {
        column: change.values[column]
        for reference in table.references
        if (reference.table, reference.key_in(change.values) or ()) in waiting
        for column in reference.columns
        if column not in table.required
    }


def _insert(live: Connection, table: Table, name: str, values: Values) -> None:
    # Insert the original key, even into an identity column.
    statement = sql.SQL("insert into {} ({}) overriding system value values ({}) on conflict do nothing").format(
        table.identifier,
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(values)),
    )
    if live.execute(statement, list(values.values())).rowcount != 1:
        raise Conflict(f"{name} cannot be inserted: the live database has a row that stands in its place", hint=_AGAIN)


def _advance(live: Connection, table: Table) -> None:
    """Advance the sequences of the table's key beyond the inserted rows."""
    label = table.identifier.as_string(live)
    for column in table.key:
        found = live.execute("select pg_get_serial_sequence(%s, %s)", [label, column]).fetchone()
        if found is None or found[0] is None:
            continue
        statement = sql.SQL(
            "select setval({sequence}::regclass, largest) from (select max({column}) as largest from {table}) as whole"
            " where largest > coalesce(pg_sequence_last_value({sequence}::regclass), 0)"
        )
        names = {"sequence": sql.Literal(found[0]), "column": sql.Identifier(column), "table": table.identifier}
        live.execute(statement.format(**names))


def _equals(column: str) -> sql.Composed:
    return sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder())


def _key(table: Table, change: Change) -> Key:
    return tuple(change.key[column] for column in table.key)
