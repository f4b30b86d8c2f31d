"""Where artifacts are kept."""

from __future__ import annotations

import dagster as dg

from odooops_dagster.store import ObjectStore, open_store
from resources.settings import platform_settings


class StoreResource(dg.ConfigurableResource[ObjectStore]):
    """A folder or a bucket, as the settings say."""

    def create_resource(self, context: dg.InitResourceContext) -> ObjectStore:  # noqa: ARG002 - Dagster's signature
        """Return the store that the settings name."""
        settings = platform_settings()
        return open_store(settings.store_url, default=settings.home / "store", endpoint_url=settings.store_endpoint_url)
