"""The share of the machine that an environment's programs may use together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import environment_folder, programs_folder
from odooops_dagster.local.environment_limits import limits_of
from odooops_dagster.model import Environment, Share
from odooops_dagster.settings import Settings

# Beside each other, when there is not enough: production goes before a preview.
_WEIGHTS = {"production": 400, "staging": 100, "development": 100}


def share_of(control: ControlPlane, settings: Settings, environment: Environment) -> Share:
    """Return the share of the environment: its jobs and its services have it together."""
    share = _share(
        settings,
        name=environment.id.hex,
        owner=environment.partition_key,
        around=environment_folder(settings.home, environment),
        weight=_WEIGHTS[environment.stage],
    )
    limits = limits_of(control, settings, environment)
    return replace(share, memory_mb=limits.memory_mb, cpu_percent=limits.cpu_percent)


def share_of_drill(settings: Settings, *, name: str, folder: Path) -> Share:
    """Return the share of the trial of a backup, which is as large as an environment's.

    Args:
        settings: the platform's settings.
        name: the name of the drill's service.
        folder: the folder of the drill.
    """
    return _share(settings, name=name, owner=f"the drill {name}", around=folder, weight=_WEIGHTS["development"])


def _share(settings: Settings, *, name: str, owner: str, around: Path, weight: int) -> Share:
    return Share(
        name=name,
        owner=owner,
        folder=programs_folder(around),
        memory_mb=settings.environment_memory_mb,
        processes=settings.environment_processes,
        cpu_percent=settings.environment_cpu_percent,
        cpu_weight=weight,
    )
