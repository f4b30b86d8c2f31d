"""Alarms of failed drills: one for a backup of production that failed its drill, one for a drill that gave no answer.

Each is open at most once, until a later drill passes.
"""

from __future__ import annotations

from typing import Literal

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Drill, Environment
from odooops_dagster.model.releases import Incident
from odooops_dagster.steps.core.context import StepContext

# The cause of a failed drill: the backup, the code that was started on it, the scripts and rules that make a copy
# harmless, or the machine and its services.
Fault = Literal["backup", "code", "sanitising", "platform"]


def tell_of_drill(ctx: StepContext, drill: Drill) -> None:
    """Open an incident for a failed drill of production, resolve it after a passed one; never fail the drill itself."""
    try:
        if drill.passed:
            _all_clear(ctx.control, ctx.environment, drill)
        elif ctx.environment.stage == "production":
            _alarm(ctx.control, ctx.environment, drill)
    except OdooOpsError as exc:
        ctx.log("warn", f"the drill's incident could not be written: {exc}")


def title_of(environment: Environment, drill: Drill) -> str:
    """Return the title of a failed drill's incident: only a fault of the backup blames the backup."""
    return _titles(environment)[drill.report.get("fault", "backup") == "backup"]


def _titles(environment: Environment) -> tuple[str, str]:
    return (
        f"The drill of {environment.partition_key} cannot be finished",
        f"A backup of {environment.partition_key} did not survive its drill",
    )


def _alarm(control: ControlPlane, environment: Environment, drill: Drill) -> None:
    title = title_of(environment, drill)
    if any(incident.title == title for incident in _still_open(control, environment)):
        return
    control.incidents.open(
        environment.project_id,
        title=title,
        description=f"Backup {drill.backup_id}: {drill.summary}. Next: ops drill run {environment.project_slug}.",
        severity="major",
    )


def _all_clear(control: ControlPlane, environment: Environment, drill: Drill) -> None:
    for incident in _still_open(control, environment):
        control.incidents.resolve(incident.id, resolution=f"Backup {drill.backup_id}: {drill.summary}.")


def _still_open(control: ControlPlane, environment: Environment) -> list[Incident]:
    found = control.incidents.list(environment.project_id)
    return [each for each in found if each.title in _titles(environment) and each.resolved_at is None]
