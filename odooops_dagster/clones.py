"""Makes a copy of production harmless: neutralised, masked, scrubbed and asked, all in one transaction.

It connects as the environment's own role, so that a script can do no more than Odoo could. Nothing is visible before
every question was answered well; on any other way out the copy is still production's, and its maker drops it.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row, tuple_row

from odooops_dagster.errors import StepFailed, Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.odoo import harmless, scrub
from odooops_dagster.odoo.harmless import QUESTIONS
from odooops_dagster.odoo.neutralize import Script
from odooops_dagster.odoo.scrub import SCRUBBED, STATEMENTS, Column, secret_columns

Connection = psycopg.Connection[tuple[Any, ...]]
Progress = Callable[[str], None]

_OFFENDERS_SHOWN = 5


class NotHarmless(StepFailed):
    """The copy could not be made harmless; nothing was kept."""


@dataclass(frozen=True, kw_only=True)
class HarmlessReport:
    """What was done: script names, rows per masked table and scrubbed `table.column` or thing, questions answered."""

    neutralized: tuple[str, ...]
    masked: tuple[str, ...]
    masked_tables: Mapping[str, int] = field(default_factory=dict)
    scrubbed: Mapping[str, int] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    seconds: float = 0.0


def make_harmless(
    access: DatabaseAccess, *, scripts: Sequence[Script], masks: Sequence[Script], progress: Progress
) -> HarmlessReport:
    """Run the scripts, the masks and the scrub, and keep the result only if no question finds anything.

    Raises:
        NotHarmless: a script failed or ended the transaction itself, or something harmful is left; nothing was kept.
        Unavailable: the server does not answer.
    """
    started = time.monotonic()
    with _transaction(access) as connection:
        transaction_id = _transaction_id(connection)
        _run_all(connection, scripts, transaction_id, progress)
        before = _changed_rows(connection)
        _run_all(connection, masks, transaction_id, progress)
        masked_tables = _changed_rows(connection) - before
        scrubbed = _scrub(connection, progress)
        _answer(connection)
        if _transaction_id(connection) != transaction_id:
            raise NotHarmless("the copy's transaction was ended while it was made harmless")
    return HarmlessReport(
        neutralized=tuple(script.name for script in scripts),
        masked=tuple(script.name for script in masks),
        masked_tables=dict(sorted(masked_tables.items())),
        scrubbed=scrubbed,
        questions=tuple(question.name for question in QUESTIONS),
        seconds=round(time.monotonic() - started, 2),
    )


def offenders(access: DatabaseAccess) -> dict[str, list[str]]:
    """Return what each question finds in the database, those left out that find nothing; nothing is changed.

    Raises:
        Unavailable: the server does not answer.
    """
    with _transaction(access) as connection:
        connection.execute("set transaction read only")
        return _found(connection)


def set_parameters(access: DatabaseAccess, values: Mapping[str, str | None]) -> None:
    """Set Odoo's system parameters, and take those away that have no value; no Odoo may be connected, it keeps them.

    Raises:
        Unavailable: the server does not answer.
    """
    with _transaction(access) as connection:
        for key, value in values.items():
            if value is None:
                connection.execute("delete from public.ir_config_parameter where key = %s", [key])
                continue
            connection.execute(
                "insert into public.ir_config_parameter (key, value, create_date, write_date)"
                " values (%s, %s, now() at time zone 'UTC', now() at time zone 'UTC')"
                " on conflict (key) do update set value = excluded.value, write_date = excluded.write_date",
                [key, value],
            )


def recipe() -> str:
    """Return the SHA-256 of what is scrubbed and asked: what an older recipe made harmless is not so by this one."""
    files = (Path(str(module.__file__)).read_bytes() for module in (scrub, harmless))
    return hashlib.sha256(b"\0".join(files)).hexdigest()


class _transaction:  # noqa: N801 -- used as a function
    """One transaction on a connection of its own, kept only where the block ends well."""

    def __init__(self, access: DatabaseAccess) -> None:
        self._access = access

    def __enter__(self) -> Connection:
        try:
            self._connection = psycopg.connect(
                host=self._access.host,
                port=self._access.port,
                user=self._access.user,
                password=self._access.password,
                dbname=self._access.database,
                application_name="odooops clone",
                row_factory=tuple_row,
            )
        except psycopg.OperationalError as exc:
            raise Unavailable(f"database {self._access.database} does not answer: {str(exc).strip()}") from exc
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, _: object) -> None:
        try:
            with self._connection:
                if kind is not None:
                    self._connection.rollback()
        except psycopg.Error as error:
            raise self._said(error) from error
        if isinstance(exc, psycopg.Error):
            raise self._said(exc) from exc

    def _said(self, error: psycopg.Error) -> NotHarmless:
        reason = error.diag.message_primary or " ".join(str(error).split())
        return NotHarmless(
            f"database {self._access.database}: {reason}", hint="the copy is dropped; mend and ask again"
        )


def _transaction_id(connection: Connection) -> str:
    row = connection.execute("select pg_current_xact_id()::text").fetchone()
    assert row is not None  # noqa: S101 - a select without from
    return str(row[0])


def _run_all(connection: Connection, scripts: Sequence[Script], transaction_id: str, progress: Progress) -> None:
    for script in scripts:
        progress(f"running {script.name}")
        _run(connection, script, transaction_id)


def _changed_rows(connection: Connection) -> Counter[str]:
    """Return how many rows of each table this transaction changed so far."""
    rows = connection.execute(
        "select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_xact_user_tables where schemaname = 'public'"
    )
    return Counter({str(name): int(count) for name, count in rows})


def _run(connection: Connection, script: Script, transaction_id: str) -> None:
    """Run a script of any number of statements; one that commits would show the copy too early."""
    if not script.text.strip():
        return
    try:
        connection.execute(script.text.encode())
        kept = _transaction_id(connection)
    except psycopg.Error as exc:
        raise NotHarmless(
            f"{script.name}{_line(exc, script)}: {exc.diag.message_primary or str(exc).strip()}",
            hint="mend the script; the copy was dropped and no Odoo has opened it",
        ) from exc
    if kept != transaction_id:
        raise NotHarmless(f"{script.name} ends the transaction it runs in", hint="take commit and rollback out of it")


def _line(exc: psycopg.Error, script: Script) -> str:
    position = exc.diag.statement_position
    return f", line {script.text.count(chr(10), 0, int(position)) + 1}" if position else ""


def _scrub(connection: Connection, progress: Progress) -> dict[str, int]:
    """Return how many rows were emptied or taken away, by what they held."""
    counts: dict[str, int] = {}
    tables = _tables(connection)
    for statement in STATEMENTS:
        if tables.issuperset(statement.tables):
            counts[statement.what] = connection.execute(statement.sql).rowcount
    for column in secret_columns(_columns(connection)):
        counts[f"{column.table}.{column.name}"] = _empty(connection, column)
    found = {what: rows for what, rows in counts.items() if rows}
    progress(f"scrubbed {sum(found.values())} value(s) in {len(found)} place(s)")
    return found


def _empty(connection: Connection, column: Column) -> int:
    """Empty the column; where it may not be empty, fill it with words that nobody can guess and the scan knows."""
    value: sql.Composable = sql.SQL("null")
    if not column.is_nullable:
        words = sql.SQL("{} || gen_random_uuid()").format(sql.Literal(SCRUBBED))
        shapes: Mapping[str, LiteralString] = {
            "bytea": "convert_to({}, 'UTF8')",
            "json": "to_json({})",
            "jsonb": "to_jsonb({})",
        }
        value = sql.SQL(shapes.get(column.data_type, "{}")).format(words)
    statement = sql.SQL("update public.{} set {} = {} where {} is not null").format(
        sql.Identifier(column.table), sql.Identifier(column.name), value, sql.Identifier(column.name)
    )
    return connection.execute(statement).rowcount


def _answer(connection: Connection) -> None:
    found = _found(connection)
    if not found:
        return
    (name, things), *more = found.items()
    shown = ", ".join(things[:_OFFENDERS_SHOWN]) + (
        f" and {len(things) - _OFFENDERS_SHOWN} more" if len(things) > _OFFENDERS_SHOWN else ""
    )
    others = f"; {len(more)} more question(s) failed" if more else ""
    raise NotHarmless(
        f"the copy is not harmless: it is not true that it {name}: {shown}{others}",
        hint="add a masking hook to the project that takes this away",
    )


def _found(connection: Connection) -> dict[str, list[str]]:
    tables = _tables(connection)
    asked = (question for question in QUESTIONS if tables.issuperset(question.tables))
    found = {question.name: [str(row[0]) for row in connection.execute(question.sql)] for question in asked}
    found["keeps no secret"] = [
        f"{column.table}.{column.name}" for column in secret_columns(_columns(connection)) if _holds(connection, column)
    ]
    return {name: things for name, things in found.items() if things}


def _holds(connection: Connection, column: Column) -> bool:
    """Return whether the column holds anything that the scrub did not put there."""
    text = "encode({0}, 'escape')" if column.data_type == "bytea" else "{0}::text"
    statement = sql.SQL("select from public.{1} where {0} is not null and " + text + " !~ {2} limit 1").format(
        sql.Identifier(column.name), sql.Identifier(column.table), sql.Literal(f'^"?{SCRUBBED}')
    )
    return bool(connection.execute(statement).rowcount)


def _tables(connection: Connection) -> frozenset[str]:
    rows = connection.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    )
    return frozenset(str(name) for (name,) in rows)


def _columns(connection: Connection) -> list[Column]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """
            select c.table_name, c.column_name, c.data_type, c.is_nullable = 'YES' as is_nullable
              from information_schema.columns as c
              join pg_class as t on t.relname = c.table_name and t.relnamespace = 'public'::regnamespace
             where c.table_schema = 'public' and t.relkind in ('r', 'p') and c.is_generated = 'NEVER'
             order by c.table_name, c.ordinal_position
            """
        ).fetchall()
    return [
        Column(table=r["table_name"], name=r["column_name"], data_type=r["data_type"], is_nullable=r["is_nullable"])
        for r in rows
    ]
