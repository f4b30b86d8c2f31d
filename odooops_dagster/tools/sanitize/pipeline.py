"""Sanitizes a copy of production: neutralize, scrub, mask and check it in one transaction.

It connects as the environment's role, so that a script has no more rights than Odoo. Changes are committed only after
every check passed; otherwise the copy still has production's data, and the caller drops it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from odooops_dagster.errors import SanitizationFailed, Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.connections import Connection, writer
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
from odooops_dagster.wording import some_of

Progress = Callable[[str], None]

_OFFENDERS_SHOWN = 5
_NO_TERMS = Terms()


@dataclass(frozen=True, kw_only=True)
class SanitizationReport:
    """The result: names of scripts, rows per masked table and scrubbed `table.column` or kind, and passed questions.

    `skipped` are statements of scripts that name absent tables or columns, `kept` are columns that policy leaves
    unchanged, `unscrubbed` are columns of a discarded copy that could not be scrubbed, with the reason.
    `searched_for` is the number of secret values that were searched for; `suspects` are unscrubbed columns whose
    values look random, for a person to judge.
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
    """Run the scripts, the scrub and the masks; commit only if no question finds a problem.

    Masks run last, so that they see no secret and nothing overwrites their values. `filestore` belongs to the copy: the
    files of deleted attachments are removed from it.

    Raises:
        SanitizationFailed: a script failed or ended the transaction, a secret cannot be removed from its column, or
        something harmful is left; nothing was committed.
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
            # After the masks, because views and statistics would show the values from before them.
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
    """Return the findings of each question that has any; change nothing.

    With `by_value`, also search every text for secrets by their format.

    Raises:
        Unavailable: the server does not answer.
    """
    with _transaction(access) as connection:
        known = _known(connection)
        with every_row(connection):
            found = _found(connection, known)
            if by_value:
                found |= _by_place(scan.by_value(connection, known, Fingerprints()))
        connection.rollback()
        return found


def is_neutralized_by(access: DatabaseAccess, scripts: Sequence[Script]) -> bool:
    """Return whether the copy was last neutralized by exactly these scripts.

    Raises:
        Unavailable: the server does not answer.
    """
    with _transaction(access) as connection:
        return read_seal(connection).scripts == sum_of_scripts(scripts)


def set_parameters(access: DatabaseAccess, values: Mapping[str, str | None]) -> None:
    """Set Odoo's system parameters, and delete those with value None; no Odoo may be connected, because it caches them.

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
    """One transaction on its own connection, committed only if the block succeeds."""

    def __init__(self, access: DatabaseAccess) -> None:
        self._access = access

    def __enter__(self) -> Connection:
        try:
            self._connection = writer(self._access, application="odooops clone")
            self._connection.autocommit = False
        except psycopg.OperationalError as exc:
            raise Unavailable(f"database {self._access.database} does not answer: {first_line(exc)}") from exc
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, _: object) -> None:
        try:
            with self._connection:
                if kind is not None:
                    self._connection.rollback()
        except psycopg.Error as error:
            raise self._failure(error) from error
        if isinstance(exc, psycopg.Error):
            raise self._failure(exc) from exc

    def _failure(self, error: psycopg.Error) -> SanitizationFailed:
        reason = error.diag.message_primary or " ".join(str(error).split())
        return SanitizationFailed(
            f"database {self._access.database}: {reason}", hint="the copy is dropped; mend and ask again"
        )


def _transaction_id(connection: Connection) -> str:
    row = connection.execute("select pg_current_xact_id()::text").fetchone()
    assert row is not None  # noqa: S101 - a select without from
    return str(row[0])


def _changed_rows(connection: Connection) -> Counter[str]:
    """Return the number of rows that this transaction has changed, by table."""
    rows = connection.execute(
        "select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_xact_user_tables where schemaname = 'public'"
    )
    return Counter({str(name): int(count) for name, count in rows})


def _known(connection: Connection) -> SecretList:
    """Return the list of secrets for the database's Odoo series."""
    version = None
    if "ir_module_module" in ordinary_tables(connection):
        version = connection.execute(
            "select latest_version from public.ir_module_module where name = 'base'"
        ).fetchone()
    return secret_list(".".join(str(version[0]).split(".")[:2]) if version else "")


def _scrub(
    connection: Connection, known: SecretList, terms: Terms, progress: Progress
) -> tuple[dict[str, int], Filled]:
    """Scrub the copy; return the number of changed rows by kind or column, and the result of the columns."""
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
    """Ask every question and return the findings; raise SanitizationFailed on a secret outside `allowed` columns."""
    findings = scan.by_value(connection, known, production, but=allowed)
    found = _found(connection, known, allowed=allowed) | _by_place(findings)
    if not found:
        return findings
    (name, things), *more = found.items()
    others = f"; {len(more)} more question(s) failed" if more else ""
    raise SanitizationFailed(
        f"the copy is not harmless: it is not true that it {name}: {some_of(things, _OFFENDERS_SHOWN)}{others}",
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
    """Return whether the column holds only what sanitizing left there."""
    return column.place in left.columns and is_intact(connection, _place(column), left)


def _kinds(connection: Connection) -> list[rows.Kind]:
    columns = ordinary_columns(connection)
    return [kind for kind in rows.KINDS if columns.issuperset(kind.columns)]


def _by_place(findings: scan.Findings) -> dict[str, list[str]]:
    """Return the findings of the search by value, keyed by its question."""
    things = [f"{place} ({what})" for what, places in findings.places.items() for place in places]
    return {_SEARCHES[1]: things} if things else {}


def _place(column: Column) -> Place:
    return Place(schema=column.schema, table=column.table, name=column.name)


# Additional questions: the search by name and the search by value.
_SEARCHES = ("keeps no secret", "holds no value of a secret")
