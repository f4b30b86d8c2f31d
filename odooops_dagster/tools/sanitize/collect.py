"""Collects the fingerprints of production's secrets before the copy is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import psycopg
from psycopg import sql

from odooops_dagster.tools.sanitize.columns import Column, ordinary_tables, readable_columns, secret_columns
from odooops_dagster.tools.sanitize.fingerprints import Fingerprints
from odooops_dagster.tools.sanitize.secrets import SecretList

Connection = psycopg.Connection[Any]

# Account names: emptied but not fingerprinted, because contacts and settings contain them too.
_ACCOUNTS = ("client_id", "clientid", "client_identifier", "smtp_user")
# Tokens of links to a record: every message about the record contains them, so UUIDs are not fingerprinted.
_LINKS = ("access_token", "invite_token")
_LINK = r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"


def fingerprints(connection: Connection, known: SecretList, *, but: Collection[str] = ()) -> Fingerprints:
    """Return the fingerprints of the current values of all secret columns, except `but`, and secret parameters."""
    found = Fingerprints()
    for value in _values(connection, known, but):
        found.add(value)
    return found


def _values(connection: Connection, known: SecretList, but: Collection[str]) -> Iterator[bytes]:
    for column in secret_columns(readable_columns(connection), known):
        is_stored = column.relation in {"table", "materialized view"} and column.is_readable
        if column.place not in but and is_stored and not _is_unsearched(column, known):
            yield from _of_column(connection, column)
    if "ir_config_parameter" in ordinary_tables(connection):
        rows = connection.execute(
            "select key, value from public.ir_config_parameter where value is not null"
        ).fetchall()
        yield from (
            str(value).encode() for key, value in rows if known.is_secret_parameter(str(key)) and not _is_account(key)
        )


def _of_column(connection: Connection, column: Column) -> Iterator[bytes]:
    # Fingerprint the elements of an array one by one.
    elements = sql.SQL("unnest({})::text").format(sql.Identifier(column.name))
    links = sql.SQL(" and {} !~ {}").format(column.as_text, sql.Literal(_LINK))
    statement = sql.SQL("select distinct {} from {} where {} is not null").format(
        elements if column.base == "array" else column.as_text, column.identifier, sql.Identifier(column.name)
    )
    with connection.cursor() as cursor:
        for (value,) in cursor.stream(statement + links if column.name in _LINKS else statement):
            yield str(value or "").encode()


def _is_unsearched(column: Column, known: SecretList) -> bool:
    return known.is_unsearched(column.qualified_table, column.name) or _is_account(column.name)


def _is_account(name: str) -> bool:
    return name.lower().endswith(_ACCOUNTS)
