"""The engines, one file each; the list of them by name."""

from __future__ import annotations

from collections.abc import Mapping

from odooops_dagster.errors import BadInput
from odooops_dagster.steps.upgrade.engines.openupgrade import OpenUpgrade
from odooops_dagster.steps.upgrade.engines.same_series import SameSeries
from odooops_dagster.steps.upgrade.engines.upgrade_service import UpgradeService
from odooops_dagster.steps.upgrade.plan import UpgradeEngine

ENGINES: Mapping[str, UpgradeEngine] = {
    engine.name: engine for engine in (SameSeries(), OpenUpgrade(), UpgradeService())
}


def engine_of(name: str) -> UpgradeEngine:
    """Return the engine with that name.

    Raises:
        BadInput: there is no such engine.
    """
    if name not in ENGINES:
        raise BadInput(f"there is no upgrade engine {name!r}", hint=f"choose one: {', '.join(ENGINES)}")
    return ENGINES[name]
