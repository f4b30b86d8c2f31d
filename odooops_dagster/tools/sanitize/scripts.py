"""Runs scripts in the copy's transaction: as a whole, or statement by statement if a table or column is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import psycopg

from odooops_dagster.errors import SanitizationFailed
from odooops_dagster.tools.sanitize.neutralize import Script
from odooops_dagster.tools.sanitize.places import Connection
from odooops_dagster.tools.sanitize.statements import statements

_MEND = "mend the script; the copy was dropped and no Odoo has opened it"
_MISSING = (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable)


def run_all(
    connection: Connection, scripts: Sequence[Script], *, skips_missing: bool, progress: Callable[[str], None]
) -> tuple[str, ...]:
    """Run the scripts; with `skips_missing`, skip and return the statements that name an absent table or column.

    Such a statement has nothing to switch off: a later version of its module adds the table or column.

    Raises:
        SanitizationFailed: a script failed, or ended the transaction.
    """
    skipped: list[str] = []
    for script in scripts:
        progress(f"running {script.name}")
        skipped += _run(connection, script, skips_missing=skips_missing)
    for line in skipped:
        progress(f"skipped {line}")
    return tuple(skipped)


def _run(connection: Connection, script: Script, *, skips_missing: bool) -> list[str]:
    if not script.text.strip():
        return []
    before = _transaction_id(connection)
    try:
        connection.execute("savepoint ops_script")
        connection.execute(script.text.encode())
        _refuse_end(connection, script, before)
        connection.execute("release savepoint ops_script")
    except _MISSING as exc:
        if not skips_missing:
            raise _failed(script, _line(exc, script), exc) from exc
        connection.execute("rollback to savepoint ops_script")
        return _one_by_one(connection, script, before)
    except psycopg.Error as exc:
        raise _failed(script, _line(exc, script), exc) from exc
    return []


def _one_by_one(connection: Connection, script: Script, transaction_id: str) -> list[str]:
    skipped = []
    for line, statement in statements(script.text):
        try:
            with connection.transaction():
                connection.execute(statement.encode())
        except _MISSING as exc:
            skipped.append(f"{script.name}, line {line}: {_reason(exc)}")
        except psycopg.Error as exc:
            raise _failed(script, f", line {line}", exc) from exc
        _refuse_end(connection, script, transaction_id)
    return skipped


def _refuse_end(connection: Connection, script: Script, transaction_id: str) -> None:
    if _transaction_id(connection) != transaction_id:
        hint = "take commit and rollback out of it"
        raise SanitizationFailed(f"{script.name} ends the transaction it runs in", hint=hint)


def _failed(script: Script, line: str, exc: psycopg.Error) -> SanitizationFailed:
    return SanitizationFailed(f"{script.name}{line}: {_reason(exc)}", hint=_MEND)


def _reason(exc: psycopg.Error) -> str:
    return exc.diag.message_primary or str(exc).strip()


def _line(exc: psycopg.Error, script: Script) -> str:
    position = exc.diag.statement_position
    return f", line {script.text.count(chr(10), 0, int(position)) + 1}" if position else ""


def _transaction_id(connection: Connection) -> str:
    [(transaction_id,)] = connection.execute("select pg_current_xact_id()::text").fetchall()
    return str(transaction_id)
