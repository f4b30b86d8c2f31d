"""Every wire, by the name under which assets and sensors ask for it."""

from __future__ import annotations

from typing import Any

from resources.control import ControlResource
from resources.databases import DatabasesResource
from resources.handoff import HandoffIOManager
from resources.run_scope import RunScopeResource
from resources.runtime import RuntimeResource
from resources.settings import SettingsResource
from resources.store import StoreResource


def platform_resources() -> dict[str, Any]:
    """Return the resources of the code location; making them opens nothing."""
    ports = {
        "control": ControlResource(),
        "runtime": RuntimeResource(),
        "store": StoreResource(),
        "databases": DatabasesResource(),
        "settings": SettingsResource(),
    }
    return {
        **ports,
        "scope": RunScopeResource(**ports),
        "handoff": HandoffIOManager(settings=ports["settings"]),
    }
