"""The control plane, one connection pool per process."""

from __future__ import annotations

from functools import cache

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.postgres import database_urls
from resources.settings import platform_settings


@cache
def control_plane() -> ControlPlane:
    """Return this process's control plane; sensor ticks come every second and must not pay for a connection each."""
    return ControlPlane(database_urls(platform_settings()).control, max_connections=8)


class ControlResource(dg.ConfigurableResource[ControlPlane]):
    """The only reader and writer of schema ops."""

    def create_resource(self, context: dg.InitResourceContext) -> ControlPlane:  # noqa: ARG002 - Dagster's signature
        """Return the control plane."""
        return control_plane()
