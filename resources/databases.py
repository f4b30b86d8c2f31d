"""The server that holds the environments' databases."""

from __future__ import annotations

from functools import partial

import dagster as dg

from odooops_dagster.local.identity import identify
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.tools.postgres.databases import OdooDatabases
from resources.control import control_plane
from resources.settings import platform_settings


class DatabasesResource(dg.ConfigurableResource[OdooDatabases]):
    """Creates, copies and drops the environments' databases and roles."""

    def create_resource(self, context: dg.InitResourceContext) -> OdooDatabases:  # noqa: ARG002 - Dagster's signature
        """Return the databases of the server that the settings name."""
        settings = platform_settings()
        return OdooDatabases(
            database_urls(settings).odoo,
            secrets=settings.home / "secrets",
            identity=partial(identify, control_plane(), settings.home),
        )
