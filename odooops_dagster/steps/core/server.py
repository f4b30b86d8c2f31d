"""Refuse a server of the environments that is older than a series of Odoo needs, before a database is made on it."""

from __future__ import annotations

from odooops_dagster.errors import MissingDependency
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.odoo import series as odoo_series


def require_server(ctx: StepContext, series: str) -> None:
    """Refuse the server if it is too old for the series.

    Raises:
        MissingDependency: the message names both versions.
    """
    needed, found = odoo_series.series(series).postgresql, ctx.databases.server_major()
    if found < needed:
        raise MissingDependency(
            f"Odoo {series} needs PostgreSQL {needed} or newer, and the environments' databases are on {found}",
            hint="move them to a newer server, or create the project with an older series: ops project create --odoo",
        )
