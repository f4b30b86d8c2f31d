"""Reads an environment's database as its own role: what is found there is what that role wants us to find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.connections import reader
from odooops_dagster.tools.postgres.failures import translated


def module_states(access: DatabaseAccess) -> dict[str, str]:
    """Return the state of every module in the database; empty if Odoo was never installed."""
    if not read_rows(access, "select from pg_class where oid = to_regclass('public.ir_module_module')"):
        return {}
    found = read_rows(access, "select name, state from public.ir_module_module where state is not null")
    return {row["name"]: row["state"] for row in found}


def read_rows(
    access: DatabaseAccess, statement: LiteralString, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a query; the server refuses statements that write."""
    try:
        with reader(access, application="odooops") as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute("set default_transaction_read_only = on")
            return cursor.execute(statement, parameters).fetchall()
    except psycopg.Error as exc:
        raise translated(exc) from exc
