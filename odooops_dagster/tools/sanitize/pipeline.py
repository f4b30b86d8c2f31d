"""Makes a copy of production harmless: neutralised, scrubbed, masked and asked, all in one transaction.

It connects as the environment's own role, so that a script can do no more than Odoo could. Nothing is visible before
every question was answered well; on any other way out the copy is still production's, and its maker drops it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from odooops_dagster.errors import SanitizationFailed, Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.sanitize import collect, files, objects, rows, scan, stale
from odooops_dagster.tools.sanitize.access import every_row
from odooops_dagster.tools.sanitize.checks import QUESTIONS
from odooops_dagster.tools.sanitize.columns import (
    Column,
    ordinary_columns,
    ordinary_tables,
    readable_columns,
    secret_columns,
    writable,
)
from odooops_dagster.tools.sanitize.fill import Filled, fill
from odooops_dagster.tools.sanitize.fingerprints import Fingerprints
from odooops_dagster.tools.sanitize.neutralize import Script
from odooops_dagster.tools.sanitize.places import Place
from odooops_dagster.tools.sanitize.scripts import run_all
from odooops_dagster.tools.sanitize.scrub import STATEMENTS
from odooops_dagster.tools.sanitize.seal import Seal, break_seal, is_intact, read_seal, seal, sum_of_scripts
from odooops_dagster.tools.sanitize.secrets import SecretList, secret_list
from odooops_dagster.tools.sanitize.terms import KEEP, Terms
from odooops_dagster.unreachable import first_line

Connection = psycopg.Connection[tuple[Any, ...]]
Progress = Callable[[str], None]

_OFFENDERS_SHOWN = 5
_NO_TERMS = Terms()


@dataclass(frozen=True, kw_only=True)
class SanitizationReport:
    """What was done: script names, rows per masked table and scrubbed `table.column` or thing, questions answered.

    `skipped` are statements of scripts that name what these tables do not have, `kept` columns that policy leaves as
    production's, `unscrubbed` those of a discarded copy that could not be scrubbed, each with its reason.
    `searched_for` is how many values of production's secrets were looked for; `suspects` are columns that were not
    scrubbed and whose values look random, for a person to judge.
    """

    neutralized: tuple[str, ...]
    masked: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    masked_tables: Mapping[str, int] = field(default_factory=dict)
    scrubbed: Mapping[str, int] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    unscrubbed: Mapping[str, str] = field(default_factory=dict)
    rules_without_column: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    searched_for: int = 0
    suspects: tuple[str, ...] = ()
    files_removed: int = 0
    seconds: float = 0.0


def sanitize(
    access: DatabaseAccess,
    *,
    scripts: Sequence[Script],
    masks: Sequence[Script],
    progress: Progress,
    filestore: Path | None = None,
    terms: Terms = _NO_TERMS,
) -> SanitizationReport:
    """Run the scripts, the scrub and the masks, and keep the result only if no question finds anything.

    Masks come last: they see no secret, and what they write into a column is what stands there. `filestore` is the
    copy's own: the files of attachments that were taken away are removed from it.

    Raises:
        SanitizationFailed: a script failed or ended the transaction itself, a secret cannot be taken out of its
            column, or something harmful is left; nothing was kept.
        Unavailable: the server does not answer.
    """
    started = time.monotonic()
    with _transaction(access) as connection:
        transaction_id = _transaction_id(connection)
        known = _known(connection)
        with every_row(connection):
            if not terms.is_again:
                break_seal(connection)
            kept = [name for name, rule in terms.columns.items() if rule == KEEP]
            production = collect.fingerprints(connection, known, but=kept)
            files.note_files(connection)
            skipped = run_all(connection, scripts, skips_missing=not terms.is_of_tables, progress=progress)
            counts, filled = _scrub(connection, known, terms, progress)
            before = _changed_rows(connection)
            run_all(connection, masks, skips_missing=False, progress=progress)
            masked_tables = _changed_rows(connection) - before
            # After the masks, which views and statistics would show the former values of.
            counts |= stale.refresh_views(connection)
            stale.clear_statistics(connection)
            seal(connection, filled.places, scripts)
            findings = _answer(connection, known, production, allowed={*filled.kept, *filled.unfilled})
        removed = files.remove_files(filestore, files.unnamed_files(connection)) if filestore else 0
        if _transaction_id(connection) != transaction_id:
            raise SanitizationFailed("the copy's transaction was ended while it was made harmless")
    return SanitizationReport(
        neutralized=tuple(script.name for script in scripts),
        masked=tuple(script.name for script in masks),
        skipped=skipped,
        masked_tables=dict(sorted(masked_tables.items())),
        scrubbed=counts,
        kept=filled.kept,
        unscrubbed=filled.unfilled,
        rules_without_column=filled.rules_without_column,
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


def is_neutralized_by(access: DatabaseAccess, scripts: Sequence[Script]) -> bool:
    """Return whether these very scripts were the last to neutralise the copy.

    Raises:
        Unavailable: the server does not answer.
    """
    with _transaction(access) as connection:
        return read_seal(connection).scripts == sum_of_scripts(scripts)


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
            raise Unavailable(f"database {self._access.database} does not answer: {first_line(exc)}") from exc
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

    def _said(self, error: psycopg.Error) -> SanitizationFailed:
        reason = error.diag.message_primary or " ".join(str(error).split())
        return SanitizationFailed(
            f"database {self._access.database}: {reason}", hint="the copy is dropped; mend and ask again"
        )


def _transaction_id(connection: Connection) -> str:
    row = connection.execute("select pg_current_xact_id()::text").fetchone()
    assert row is not None  # noqa: S101 - a select without from
    return str(row[0])


def _changed_rows(connection: Connection) -> Counter[str]:
    """Return how many rows of each table this transaction changed so far."""
    rows = connection.execute(
        "select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_xact_user_tables where schemaname = 'public'"
    )
    return Counter({str(name): int(count) for name, count in rows})


def _known(connection: Connection) -> SecretList:
    """Return the list of secrets of the series that the database is of."""
    version = None
    if "ir_module_module" in ordinary_tables(connection):
        version = connection.execute(
            "select latest_version from public.ir_module_module where name = 'base'"
        ).fetchone()
    return secret_list(".".join(str(version[0]).split(".")[:2]) if version else "")


def _scrub(
    connection: Connection, known: SecretList, terms: Terms, progress: Progress
) -> tuple[dict[str, int], Filled]:
    """Return how many rows were emptied, filled or taken away, by what they held, and what became of the columns."""
    tables = ordinary_tables(connection)
    counts = {
        statement.what: connection.execute(statement.sql).rowcount
        for statement in STATEMENTS
        if tables.issuperset(statement.tables)
    }
    counts |= {kind.what: kind.delete(connection, known) for kind in _kinds(connection)}
    counts |= objects.unlink_secret_objects(connection, known)
    secrets = [_place(column) for column in secret_columns(writable(readable_columns(connection)), known)]
    filled = fill(connection, secrets, terms, left=read_seal(connection))
    counts |= filled.rows
    counts |= {f"{place}: links": count for place, count in rows.rewrite_links(connection).items()}
    found = {what: count for what, count in counts.items() if count}
    progress(f"scrubbed {sum(found.values())} value(s) in {len(found)} place(s)")
    for name in filled.rules_without_column:
        progress(f"policy clone.columns names {name}, which this copy does not have")
    return found, filled


def _answer(
    connection: Connection, known: SecretList, production: Fingerprints, *, allowed: Collection[str]
) -> scan.Findings:
    """Ask everything, and return what the search for values found that proves nothing; `allowed` columns may."""
    findings = scan.by_value(connection, known, production, but=allowed)
    found = _found(connection, known, allowed=allowed) | _told(findings)
    if not found:
        return findings
    (name, things), *more = found.items()
    shown = ", ".join(things[:_OFFENDERS_SHOWN]) + (
        f" and {len(things) - _OFFENDERS_SHOWN} more" if len(things) > _OFFENDERS_SHOWN else ""
    )
    others = f"; {len(more)} more question(s) failed" if more else ""
    raise SanitizationFailed(
        f"the copy is not harmless: it is not true that it {name}: {shown}{others}",
        hint="add a masking hook to the project that takes this away",
    )


def _found(connection: Connection, known: SecretList, *, allowed: Collection[str] = ()) -> dict[str, list[str]]:
    tables = ordinary_tables(connection)
    asked = (question for question in QUESTIONS if tables.issuperset(question.tables))
    found = {question.name: [str(row[0]) for row in connection.execute(question.sql)] for question in asked}
    left = read_seal(connection) if "ir_config_parameter" in tables else Seal()
    found[_SEARCHES[0]] = [
        column.place
        for column in scan.by_name(connection, known)
        if column.place not in allowed and not _is_ours(connection, column, left)
    ] + [f"{kind.what}: {name}" for kind in _kinds(connection) for name in kind.left(connection, known)]
    return {name: things for name, things in found.items() if things}


def _is_ours(connection: Connection, column: Column, left: Seal) -> bool:
    """Return whether sanitising put there what the column holds."""
    return column.place in left.columns and is_intact(connection, _place(column), left)


def _kinds(connection: Connection) -> list[rows.Kind]:
    columns = ordinary_columns(connection)
    return [kind for kind in rows.KINDS if columns.issuperset(kind.columns)]


def _told(findings: scan.Findings) -> dict[str, list[str]]:
    """Return the findings of the search by value as the answer to its question."""
    things = [f"{place} ({what})" for what, places in findings.places.items() for place in places]
    return {_SEARCHES[1]: things} if things else {}


def _place(column: Column) -> Place:
    return Place(schema=column.schema, table=column.table, name=column.name)


# Asked besides the questions of Odoo's tables: by what it is called, and by what it is.
_SEARCHES = ("keeps no secret", "holds no value of a secret")
