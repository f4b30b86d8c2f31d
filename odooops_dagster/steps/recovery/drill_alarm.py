"""Alarms of failed drills: one for a backup of production that failed its drill, one for a drill that gave no answer.

Each is open at most once, until a later drill passes.
"""

from __future__ import annotations

from typing import Literal

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Drill, Environment
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
    return _titles(environment)[_key(environment, blames_backup=_blames_backup(drill))]


def _blames_backup(drill: Drill) -> bool:
    return bool(drill.report.get("fault", "backup") == "backup")


def _key(environment: Environment, *, blames_backup: bool) -> str:
    return f"{'backup_lost' if blames_backup else 'drill_unfinished'}:{environment.partition_key}"


def _titles(environment: Environment) -> dict[str, str]:
    """Return the titles of both alarms by their keys."""
    return {
        _key(environment, blames_backup=False): f"The drill of {environment.partition_key} cannot be finished",
        _key(environment, blames_backup=True): f"A backup of {environment.partition_key} did not survive its drill",
    }


def _alarm(control: ControlPlane, environment: Environment, drill: Drill) -> None:
    control.incidents.raise_alarm(
        _key(environment, blames_backup=_blames_backup(drill)),
        title=title_of(environment, drill),
        description=f"Backup {drill.backup_id}: {drill.summary}. Next: ops drill run {environment.project_slug}.",
        severity="major",
        project_id=environment.project_id,
    )


def _all_clear(control: ControlPlane, environment: Environment, drill: Drill) -> None:
    for key in _titles(environment):
        control.incidents.clear_alarm(key, resolution=f"Backup {drill.backup_id}: {drill.summary}.")
