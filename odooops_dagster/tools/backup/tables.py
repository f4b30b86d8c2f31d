"""Reads a table's definition from the catalog, and its rows in PostgreSQL's text representation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import errors as pg
from psycopg import sql

from odooops_dagster.errors import BadInput, Conflict, Forbidden, NotFound, OdooOpsError, Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.connections import reader, writer
from odooops_dagster.tools.row_restore.review import Values

Connection = psycopg.Connection[tuple[Any, ...]]
Key = tuple[str | None, ...]

# Number of rows per query.
BATCH = 500
# The settings that determine the text of a value.
_SPOKEN = {"datestyle": "ISO, YMD", "intervalstyle": "postgres", "timezone": "UTC", "bytea_output": "hex"}
# A statement fails if another session holds a row lock for longer than this.
_LOCK_WAIT = "10s"
_MOVING = (pg.SerializationFailure, pg.DeadlockDetected, pg.LockNotAvailable)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A foreign key: `columns` refer to `target` columns of `table`."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]

    def key_in(self, values: Values) -> Key | None:
        """Return the key of the referenced row; None if a column is null."""
        key = tuple(values.get(column) for column in self.columns)
        return None if None in key else key


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with a primary key."""

    schema: str
    name: str
    columns: tuple[str, ...]  # writable columns
    key: tuple[str, ...]
    required: frozenset[str]  # not null columns
    references: tuple[Reference, ...]

    @property
    def label(self) -> str:
        """Return the table's name, with its schema if that is not public."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """Return the quoted name."""
        return sql.Identifier(self.schema, self.name)


@contextmanager
def connected(access: DatabaseAccess, *, writes: bool = False) -> Iterator[Connection]:
    """Yield a repeatable read transaction; it commits if the block succeeds, and is read-only without `writes`.

    Raises:
        Unavailable: the server does not answer.
        Conflict: a constraint was violated, or other sessions change the same rows.
    """
    try:
        with (writer if writes else reader)(access, application="odooops records") as connection:
            connection.autocommit = False
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = not writes
            for name, value in {**_SPOKEN, "lock_timeout": _LOCK_WAIT}.items():
                connection.execute("select set_config(%s, %s, true)", [name, value])
            yield connection
    except psycopg.Error as exc:
        raise _translated(exc, access) from exc


def describe(connection: Connection, label: str) -> Table:
    """Return the definition of the table.

    Raises:
        NotFound: there is no table of that name.
        BadInput: the table has no primary key.
    """
    schema, _, name = label.rpartition(".")
    found = connection.execute(
        """
        select c.oid, n.nspname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
         where n.nspname = %s and c.relname = %s and c.relkind in ('r', 'p')
        """,
        [schema or "public", name],
    ).fetchone()
    if found is None:
        raise NotFound(f"there is no table {label}", hint="name it as PostgreSQL does: res_partner, not res.partner")
    oid, schema = found
    columns = connection.execute(
        """
        select attname, attnotnull from pg_attribute
         where attrelid = %s and attnum > 0 and not attisdropped and attgenerated = '' order by attnum
        """,
        [oid],
    ).fetchall()
    key = _key(connection, oid)
    if not key:
        raise BadInput(f"table {label} has no primary key", hint="rows of it cannot be told apart")
    return Table(
        schema=schema,
        name=name,
        columns=tuple(column for column, _ in columns),
        key=key,
        required=frozenset(column for column, is_required in columns if is_required),
        references=tuple(_references(connection, oid)),
    )


def scan(connection: Connection, table: Table, columns: Sequence[str]) -> Iterator[list[dict[str, str | None]]]:
    """Yield all rows in batches, ordered by primary key."""
    statement = _select(table, columns) + sql.SQL(" order by {}").format(_names(table.key))
    with connection.cursor(name="records") as cursor:
        cursor.execute(statement)
        while rows := cursor.fetchmany(BATCH):
            yield [dict(zip(columns, row, strict=True)) for row in rows]


def fetch(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    keys: Sequence[Key],
    *,
    by: Sequence[str] = (),
    lock: bool = False,
) -> dict[Key, dict[str, str | None]]:
    """Return the rows with these keys, by key; `by` names unique columns other than the primary key."""
    named = tuple(by or table.key)
    if not keys:
        return {}
    rows = sql.SQL(", ").join(
        sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(named))) for _ in keys
    )
    where = sql.SQL(" where ({}) in ({})").format(_names(named), rows)
    statement = _select(table, (*named, *columns)) + where + sql.SQL(" for update" if lock else "")
    found = connection.execute(statement, [value for key in keys for value in key])
    width = len(named)
    return {row[:width]: dict(zip(columns, row[width:], strict=True)) for row in found}


def batches(items: Iterable[Key]) -> Iterator[list[Key]]:
    """Yield the keys in batches."""
    batch: list[Key] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _select(table: Table, columns: Sequence[str]) -> sql.Composed:
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)
    return sql.SQL("select {} from {}").format(texts, table.identifier)


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _key(connection: Connection, oid: int) -> tuple[str, ...]:
    rows = connection.execute(
        """
        select a.attname
          from pg_index as i
          cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
          join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
         where i.indrelid = %s and i.indisprimary order by k.place
        """,
        [oid],
    )
    return tuple(name for (name,) in rows)


def _references(connection: Connection, oid: int) -> Iterator[Reference]:
    names: LiteralString = """
        (select array_agg(a.attname::text order by k.place)
           from unnest({}) with ordinality as k (attnum, place)
           join pg_attribute as a on a.attrelid = {} and a.attnum = k.attnum)
    """
    statement = sql.SQL("select {}, {}, n.nspname, t.relname").format(
        sql.SQL(names).format(sql.SQL("c.conkey"), sql.SQL("c.conrelid")),
        sql.SQL(names).format(sql.SQL("c.confkey"), sql.SQL("c.confrelid")),
    ) + sql.SQL(
        " from pg_constraint as c join pg_class as t on t.oid = c.confrelid"
        " join pg_namespace as n on n.oid = t.relnamespace"
        " where c.conrelid = %s and c.contype = 'f' order by c.conname"
    )
    for columns, target, schema, name in connection.execute(statement, [oid]):
        label = name if schema == "public" else f"{schema}.{name}"
        yield Reference(columns=tuple(columns), table=label, target=tuple(target))


def _translated(exc: psycopg.Error, access: DatabaseAccess) -> OdooOpsError:
    reason = ": ".join(part for part in (exc.diag.message_primary, exc.diag.message_detail) if part)
    message = f"database {access.database}: {reason or ' '.join(str(exc).split())}"
    if isinstance(exc, _MOVING):
        return Conflict(message, hint="somebody is changing these rows: make a new diff")
    if isinstance(exc, pg.IntegrityError):
        return Conflict(message, hint="take the row out of the review, or bring what it refers to along")
    if isinstance(exc, pg.DataError):
        return BadInput(message, hint="the table's columns are of another kind than the value: mend it in the review")
    if isinstance(exc, pg.InsufficientPrivilege):
        return Forbidden(message, hint="the environment's role owns its tables: was this one made by somebody else?")
    return Unavailable(message, hint="see whether the server of the environments' databases is up: ops status")
