"""Whose fault a failed promotion is: a database server that went away in the middle says nothing of the release."""

from __future__ import annotations

from datetime import datetime

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.home import role_name
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.postgres.contents import read_rows


def server_since(ctx: StepContext, database: str) -> datetime | None:
    """Return when the server of the environment's database began to serve; None if it does not answer."""
    try:
        access = ctx.databases.access(database, role=role_name(ctx.environment))
        [row] = read_rows(access, "select pg_postmaster_start_time() as since", {})
    except OdooOpsError:
        return None
    since: datetime = row["since"]
    return since


def is_another_server(ctx: StepContext, database: str, since: datetime | None) -> bool:
    """Return whether the server ended or was restarted since, which no module can do from inside its database."""
    now = server_since(ctx, database)
    return now is None or now != since
