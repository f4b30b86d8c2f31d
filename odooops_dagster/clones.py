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
from psycopg.rows import tuple_row

from odooops_dagster.errors import StepFailed, Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.odoo import harmless, scrub
from odooops_dagster.odoo.harmless import QUESTIONS
from odooops_dagster.odoo.neutralize import Script
from odooops_dagster.odoo.scrub import SCRUBBED, STATEMENTS
from odooops_dagster.sanitize import collect, files, objects, rows, scan, stale
from odooops_dagster.sanitize.access import every_row
from odooops_dagster.sanitize.columns import (
    Column,
    ordinary_columns,
    ordinary_tables,
    readable_columns,
    secret_columns,
    writable,
)
from odooops_dagster.sanitize.fingerprints import Fingerprints
from odooops_dagster.sanitize.secrets import SecretList, secret_list
from odooops_dagster.sanitize.secrets import recipe as secrets_recipe

Connection = psycopg.Connection[tuple[Any, ...]]
Progress = Callable[[str], None]

_OFFENDERS_SHOWN = 5


class NotHarmless(StepFailed):
    """The copy could not be made harmless; nothing was kept."""


@dataclass(frozen=True, kw_only=True)
class HarmlessReport:
    """What was done: script names, rows per masked table and scrubbed `table.column` or thing, questions answered.

    `searched_for` is how many values of production's secrets were looked for; `suspects` are columns that were not
    scrubbed and whose values look random, for a person to judge.
    """

    neutralized: tuple[str, ...]
    masked: tuple[str, ...]
    masked_tables: Mapping[str, int] = field(default_factory=dict)
    scrubbed: Mapping[str, int] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    searched_for: int = 0
    suspects: tuple[str, ...] = ()
    files_removed: int = 0
    seconds: float = 0.0


def make_harmless(
    access: DatabaseAccess,
    *,
    scripts: Sequence[Script],
    masks: Sequence[Script],
    progress: Progress,
    filestore: Path | None = None,
) -> HarmlessReport:
    """Run the scripts, the masks and the scrub, and keep the result only if no question finds anything.

    `filestore` is the copy's own: the files of attachments that were taken away are removed from it.

    Raises:
        NotHarmless: a script failed or ended the transaction itself, or something harmful is left; nothing was kept.
        Unavailable: the server does not answer.
    """
    started = time.monotonic()
    with _transaction(access) as connection:
        transaction_id = _transaction_id(connection)
        known = _known(connection)
        with every_row(connection):
            production = collect.fingerprints(connection, known)
            files.note_files(connection)
            _run_all(connection, scripts, transaction_id, progress)
            before = _changed_rows(connection)
            _run_all(connection, masks, transaction_id, progress)
            masked_tables = _changed_rows(connection) - before
            scrubbed = _scrub(connection, known, progress)
            findings = _answer(connection, known, production)
        removed = files.remove_files(filestore, files.unnamed_files(connection)) if filestore else 0
        if _transaction_id(connection) != transaction_id:
            raise NotHarmless("the copy's transaction was ended while it was made harmless")
    return HarmlessReport(
        neutralized=tuple(script.name for script in scripts),
        masked=tuple(script.name for script in masks),
        masked_tables=dict(sorted(masked_tables.items())),
        scrubbed=scrubbed,
        questions=(*(question.name for question in QUESTIONS), *_SEARCHES),
        searched_for=len(production),
        suspects=tuple(findings.suspects),
        files_removed=removed,
        seconds=round(time.monotonic() - started, 2),
    )


def offenders(access: DatabaseAccess, *, by_value: bool = False) -> dict[str, list[str]]:
    """Return what each question finds in the database, those left out that find nothing; nothing is changed.

    With `by_value` every text is read too, for what its own shape gives away as a secret.

    Raises:
        Unavailable: the server does not answer.
    """
    with _transaction(access) as connection:
        known = _known(connection)
        with every_row(connection):
            found = _found(connection, known)
            if by_value:
                found |= _told(scan.by_value(connection, known, Fingerprints()))
        connection.rollback()
        return found


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
    code = (Path(str(module.__file__)).read_bytes() for module in (scrub, harmless))
    return hashlib.sha256(b"\0".join((*code, secrets_recipe()))).hexdigest()


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


def _known(connection: Connection) -> SecretList:
    """Return the list of secrets of the series that the database is of."""
    version = None
    if "ir_module_module" in ordinary_tables(connection):
        version = connection.execute(
            "select latest_version from public.ir_module_module where name = 'base'"
        ).fetchone()
    return secret_list(".".join(str(version[0]).split(".")[:2]) if version else "")


def _scrub(connection: Connection, known: SecretList, progress: Progress) -> dict[str, int]:
    """Return how many rows were emptied or taken away, by what they held."""
    tables = ordinary_tables(connection)
    counts = {
        statement.what: connection.execute(statement.sql).rowcount
        for statement in STATEMENTS
        if tables.issuperset(statement.tables)
    }
    counts |= {kind.what: kind.delete(connection, known) for kind in _kinds(connection)}
    counts |= objects.unlink_secret_objects(connection, known)
    columns = secret_columns(writable(readable_columns(connection)), known)
    emptied = {column: _empty(connection, column) for column in columns}
    counts |= {column.place: count for column, count in emptied.items()}
    counts |= {f"{place}: links": count for place, count in rows.rewrite_links(connection).items()}
    counts |= stale.refresh_views(connection)
    stale.clear_statistics(connection)
    found = {what: count for what, count in counts.items() if count}
    progress(f"scrubbed {sum(found.values())} value(s) in {len(found)} place(s)")
    return found


def _empty(connection: Connection, column: Column) -> int:
    """Empty the column; where it may not be empty, fill it with words that nobody can guess and the scan knows."""
    value: sql.Composable = sql.SQL("null")
    if not column.is_nullable:
        words = sql.SQL("{} || gen_random_uuid()").format(sql.Literal(SCRUBBED))
        value = sql.SQL(_FILLERS.get(column.base, "{0}")).format(words, sql.SQL(column.data_type))
        if column.base not in {"bytea", "json", "jsonb"}:
            value = sql.SQL("({})::{}").format(value, sql.SQL(column.data_type))
    statement = sql.SQL("update {} set {} = {} where {} is not null").format(
        column.identifier, sql.Identifier(column.name), value, sql.Identifier(column.name)
    )
    return connection.execute(statement).rowcount


def _answer(connection: Connection, known: SecretList, production: Fingerprints) -> scan.Findings:
    """Ask everything, and return what the search for values found that proves nothing."""
    findings = scan.by_value(connection, known, production)
    found = _found(connection, known) | _told(findings)
    if not found:
        return findings
    (name, things), *more = found.items()
    shown = ", ".join(things[:_OFFENDERS_SHOWN]) + (
        f" and {len(things) - _OFFENDERS_SHOWN} more" if len(things) > _OFFENDERS_SHOWN else ""
    )
    others = f"; {len(more)} more question(s) failed" if more else ""
    raise NotHarmless(
        f"the copy is not harmless: it is not true that it {name}: {shown}{others}",
        hint="add a masking hook to the project that takes this away",
    )


def _found(connection: Connection, known: SecretList) -> dict[str, list[str]]:
    tables = ordinary_tables(connection)
    asked = (question for question in QUESTIONS if tables.issuperset(question.tables))
    found = {question.name: [str(row[0]) for row in connection.execute(question.sql)] for question in asked}
    found[_SEARCHES[0]] = scan.by_name(connection, known) + [
        f"{kind.what}: {name}" for kind in _kinds(connection) for name in kind.left(connection, known)
    ]
    return {name: things for name, things in found.items() if things}


def _kinds(connection: Connection) -> list[rows.Kind]:
    columns = ordinary_columns(connection)
    return [kind for kind in rows.KINDS if columns.issuperset(kind.columns)]


def _told(findings: scan.Findings) -> dict[str, list[str]]:
    """Return the findings of the search by value as the answer to its question."""
    things = [f"{place} ({what})" for what, places in findings.places.items() for place in places]
    return {_SEARCHES[1]: things} if things else {}


# Asked besides the questions of Odoo's tables: by what it is called, and by what it is.
_SEARCHES = ("keeps no secret", "holds no value of a secret")
_FILLERS: Mapping[str, LiteralString] = {
    "bytea": "convert_to({0}, 'UTF8')",
    "json": "to_json({0})",
    "jsonb": "to_jsonb({0})",
    "array": "'{{}}'",
    "composite": "json_populate_record(null::{1}, '{{}}')",
    "range": "'empty'",
    "hstore": "''",
    "uuid": "overlay(gen_random_uuid()::text placing '5c4bbed0' from 1)",
}
