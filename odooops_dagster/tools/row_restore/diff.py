"""Compares chosen rows of a backup with the live database, read-only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from odooops_dagster.errors import BadInput, Conflict
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup.tables import (
    Connection,
    Key,
    Reference,
    Table,
    batches,
    connected,
    describe,
    fetch,
    scan,
)
from odooops_dagster.tools.row_restore.review import Change, Header, Review

# Limit of a review: nobody reads more, and all changes are in memory.
MOST_CHANGES = 50_000


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A table, and the ids of the rows to compare; all rows if there are no ids."""

    table: str
    ids: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Chosen:
        """Parse `res_partner` or `res_partner:1,2`."""
        table, colon, ids = text.partition(":")
        chosen = cls(table=table, ids=tuple(part.strip() for part in ids.split(",") if part.strip()))
        if not table or (colon and not chosen.ids):
            raise BadInput(
                f"{text!r} names no rows", hint="write a table, as res_partner, or some rows: res_partner:1,2"
            )
        return chosen


def diff(
    backup: DatabaseAccess,
    live: DatabaseAccess,
    chosen: Sequence[Chosen],
    *,
    backup_id: str,
    taken_at: datetime,
    environment: str,
    now: datetime,
) -> Review:
    """Compare the rows and return a review; each database is read in one snapshot.

    Raises:
        NotFound: there is no such table.
        BadInput: a table has no primary key, or there are more than MOST_CHANGES differences.
        Conflict: the primary keys of the two tables differ.
    """
    changes: list[Change] = []
    notes: list[str] = []
    with connected(backup) as old, connected(live) as new:
        for choice in chosen:
            pair = _Pair.of(old, new, choice.table)
            notes += [*pair.notes(), *pair.absent(choice)]
            for change in _compare(pair, choice):
                changes.append(change)
                if len(changes) > MOST_CHANGES:
                    raise BadInput(
                        f"more than {MOST_CHANGES} rows differ in {choice.table}", hint="name rows: --table TABLE:ID,ID"
                    )
        named = tuple(_with_dangling(new, changes))
    header = Header(
        backup_id=backup_id,
        taken_at=taken_at.isoformat(),
        environment=environment,
        database=live.database,
        made_at=now.isoformat(),
        tables=tuple(choice.table for choice in chosen),
        notes=tuple(notes),
    )
    return Review(header=header, changes=named)


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """The same table in both databases."""

    old: Connection
    new: Connection
    in_backup: Table
    in_live: Table

    @classmethod
    def of(cls, old: Connection, new: Connection, label: str) -> _Pair:
        pair = cls(old=old, new=new, in_backup=describe(old, label), in_live=describe(new, label))
        if pair.in_backup.key != pair.in_live.key:
            raise Conflict(
                f"table {label} has another primary key in the live database", hint="restore the whole backup"
            )
        return pair

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column for column in self.in_backup.columns if column in self.in_live.columns)

    def notes(self) -> Iterator[str]:
        label = self.in_live.label
        for columns, others, where in (
            (self.in_backup.columns, self.in_live.columns, "the backup"),
            (self.in_live.columns, self.in_backup.columns, "the live database"),
        ):
            if alone := [column for column in columns if column not in others]:
                yield f"{label}: only {where} has {', '.join(alone)}: not compared"

    def absent(self, choice: Chosen) -> Iterator[str]:
        keys = list(_chosen_keys(self.in_live, choice)) if choice.ids else []
        known = {*fetch(self.old, self.in_backup, (), keys), *fetch(self.new, self.in_live, (), keys)}
        yield from (f"{self.in_live.label}: neither has {key}" for (key,) in keys if (key,) not in known)


def _compare(pair: _Pair, choice: Chosen) -> Iterator[Change]:
    for rows in _rows_of(pair.old, pair.in_backup, pair.columns, choice):
        found = fetch(pair.new, pair.in_live, pair.columns, list(rows))
        for key, row in rows.items():
            if change := _changed(pair, key, row, found.get(key)):
                yield change
    for keys in _keys_of(pair, choice):
        known = fetch(pair.old, pair.in_backup, (), keys)
        yield from (
            Change(kind="only_in_live", table=pair.in_live.label, key=_named(pair.in_live, key))
            for key in keys
            if key not in known
        )


def _rows_of(
    connection: Connection, table: Table, columns: Sequence[str], choice: Chosen
) -> Iterator[dict[Key, dict[str, str | None]]]:
    if choice.ids:
        for keys in batches(_chosen_keys(table, choice)):
            yield fetch(connection, table, columns, keys)
        return
    for rows in scan(connection, table, columns):
        yield {tuple(row[column] for column in table.key): row for row in rows}


def _keys_of(pair: _Pair, choice: Chosen) -> Iterator[list[Key]]:
    """Yield the keys of the chosen rows in the live database, in batches."""
    for rows in _rows_of(pair.new, pair.in_live, pair.in_live.key, choice):
        yield list(rows)


def _chosen_keys(table: Table, choice: Chosen) -> Iterator[Key]:
    if len(table.key) > 1:
        raise BadInput(f"rows of {table.label} have a key of {len(table.key)} columns", hint="leave the ids out")
    yield from ((value,) for value in dict.fromkeys(choice.ids))


def _changed(pair: _Pair, key: Key, row: dict[str, str | None], live: dict[str, str | None] | None) -> Change | None:
    label, named = pair.in_live.label, _named(pair.in_live, key)
    if live is None:
        return Change(kind="insert", table=label, key=named, values=row)
    differing = [column for column in pair.columns if row[column] != live[column]]
    if not differing:
        return None
    return Change(
        kind="update",
        table=label,
        key=named,
        values={column: row[column] for column in differing},
        live={column: live[column] for column in differing},
    )


def _named(table: Table, key: Key) -> dict[str, str | None]:
    return dict(zip(table.key, key, strict=True))


def _with_dangling(live: Connection, changes: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes with their dangling references: to rows neither in the live database nor inserted."""
    tables = {label: describe(live, label) for label in {change.table for change in changes}}
    wanted: dict[Reference, set[Key]] = {}
    for change in changes:
        for reference, key in _references(tables[change.table], change):
            wanted.setdefault(reference, set()).add(key)
    absent = {reference: keys - _there(live, reference, keys, changes) for reference, keys in wanted.items()}
    for change in changes:
        dangling = [
            f"{', '.join(reference.columns)} → {reference.table} {', '.join(map(str, key))}"
            for reference, key in _references(tables[change.table], change)
            if key in absent[reference]
        ]
        yield replace(change, dangling=tuple(dangling)) if dangling else change


def _references(table: Table, change: Change) -> Iterator[tuple[Reference, Key]]:
    for reference in table.references:
        if change.kind != "only_in_live" and (key := reference.key_in(change.values)):
            yield reference, key


def _there(live: Connection, reference: Reference, keys: Iterable[Key], changes: Sequence[Change]) -> set[Key]:
    target = describe(live, reference.table)
    found: set[Key] = set()
    for some in batches(keys):
        found.update(fetch(live, target, (), some, by=reference.target))
    found.update(
        tuple(change.values.get(column) for column in reference.target)
        for change in changes
        if change.kind == "insert" and change.table == reference.table
    )
    return found
