"""The platform's settings, read once per process."""

from __future__ import annotations

from functools import cache

import dagster as dg

from odooops_dagster.settings import Settings


@cache
def platform_settings() -> Settings:
    """Return the settings of this process."""
    return Settings()


class SettingsResource(dg.ConfigurableResource[Settings]):
    """The platform's settings, from the environment variables ODOOOPS_*."""

    def create_resource(self, context: dg.InitResourceContext) -> Settings:  # noqa: ARG002 - Dagster's signature
        """Return the settings."""
        return platform_settings()
