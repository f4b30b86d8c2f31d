"""Every wire, by the name under which assets and sensors ask for it."""

from __future__ import annotations

from typing import Any

from resources.control import ControlResource
from resources.databases import DatabasesResource
from resources.io import run_memory
from resources.run_scope import RunScopeResource
from resources.runtime import RuntimeResource
from resources.settings import SettingsResource
from resources.store import StoreResource


def platform_resources() -> dict[str, Any]:
    """Return the resources of the code location; making them opens nothing."""
    control, runtime, store = ControlResource(), RuntimeResource(), StoreResource()
    databases, settings = DatabasesResource(), SettingsResource()
    return {
        "control": control,
        "runtime": runtime,
        "store": store,
        "databases": databases,
        "settings": settings,
        "scope": RunScopeResource(
            control=control, runtime=runtime, store=store, databases=databases, settings=settings
        ),
        "memory": run_memory,
    }
