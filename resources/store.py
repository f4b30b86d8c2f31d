"""Where artifacts and backups are kept."""

from __future__ import annotations

import dagster as dg

from odooops_dagster.steps.core.stores import store_of
from odooops_dagster.tools.store import ObjectStore
from resources.settings import platform_settings


class StoreResource(dg.ConfigurableResource[ObjectStore]):
    """A folder or a bucket, as the settings say."""

    def create_resource(self, context: dg.InitResourceContext) -> ObjectStore:  # noqa: ARG002 - Dagster's signature
        """Return the store that the settings name."""
        return store_of(platform_settings())
