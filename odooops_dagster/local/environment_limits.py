"""What an environment may take of the machine: the policies of its project, within the operator's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Environment
from odooops_dagster.model.readings import PreviewRule
from odooops_dagster.settings import Settings


@dataclass(frozen=True, kw_only=True)
class EnvironmentLimits:
    """The memory and disk in MiB, and the CPU time in percent of a core; 0 is no limit."""

    memory_mb: int
    cpu_percent: int
    disk_mb: int


def limits_of(control: ControlPlane, settings: Settings, environment: Environment) -> EnvironmentLimits:
    """Return the limits of an environment; policy `preview` is about those of development alone."""
    project = environment.project_id
    disk = int(control.policies.get(project, policy_type="limits")["disk_mb"])
    memory_mb, cpu_percent, disk_mb = (0, 0, 0)
    if environment.stage == "development":
        rules = control.policies.get(project, policy_type="preview")
        memory_mb, cpu_percent, disk_mb = (int(rules[name]) for name in ("memory_mb", "cpu_percent", "disk_mb"))
    return EnvironmentLimits(
        memory_mb=_least(memory_mb, settings.environment_memory_mb),
        cpu_percent=_least(cpu_percent, settings.environment_cpu_percent),
        disk_mb=_least(disk_mb, disk, settings.environment_disk_mb),
    )


def sentences_of_cuts(settings: Settings, rules: Sequence[PreviewRule]) -> list[str]:
    """Return a sentence for each rule of previews that the policy or the operator's limits cut."""
    by_policy = [f"{row.rule}: {row.detail}" for row in rules if row.is_cut]
    return by_policy + _cut_by_the_machine(settings, rules)


def _cut_by_the_machine(settings: Settings, rules: Sequence[PreviewRule]) -> list[str]:
    limits = {
        "memory_mb": ("ODOOOPS_ENVIRONMENT_MEMORY_MB", settings.environment_memory_mb),
        "cpu_percent": ("ODOOOPS_ENVIRONMENT_CPU_PERCENT", settings.environment_cpu_percent),
        "disk_mb": ("ODOOOPS_ENVIRONMENT_DISK_MB", settings.environment_disk_mb),
    }
    return [
        f"{row.rule}: {row.asked} is asked for, and no environment gets more than {limit} ({name})"
        for row in rules
        if row.asked and row.rule in limits
        for name, limit in [limits[row.rule]]
        if 0 < limit < row.asked
    ]


def _least(*limits: int) -> int:
    return min(filter(None, limits), default=0)
