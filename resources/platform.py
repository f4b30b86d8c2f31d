"""All resources, by the names that assets and sensors use."""

from __future__ import annotations

from typing import Any

import dagster as dg

from odooops_dagster.platform import this_platform
from resources.io import run_memory
from resources.run_scope import RunScopeResource


def platform_resources() -> dict[str, Any]:
    """Return the resources of the code location; creating them opens no connection."""
    parts = {name: _part(name) for name in ("control", "runtime", "store", "databases", "settings")}
    # Dagster's own default writes a file named after the partition, and a branch may have any name.
    return {**parts, "scope": RunScopeResource(**parts), "memory": run_memory, "io_manager": run_memory}


def _part(name: str) -> dg.ResourceDefinition:
    """Return the resource for one part of the platform."""
    return dg.ResourceDefinition(lambda _: getattr(this_platform(), name))
