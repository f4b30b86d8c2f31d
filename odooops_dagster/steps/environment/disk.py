"""The disk that an environment uses: above its limit its jobs end, and production only raises an alarm."""

from __future__ import annotations

from collections.abc import Callable

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import StepFailed
from odooops_dagster.local.environment_use import DiskUse, disk_use
from odooops_dagster.model import Environment
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.free_disk import free_percent, low_disk, watch_free_disk
from odooops_dagster.tools.postgres.databases import OdooDatabases


def require_room(ctx: StepContext) -> None:
    """Refuse work on an environment that takes more of the disk than it may; production only gets an alarm.

    Raises:
        StepFailed: it takes too much.
    """
    use = disk_use(ctx.control, ctx.databases, ctx.settings, ctx.environment)
    _tell(ctx.control, ctx.environment, use)
    if use.is_over and ctx.environment.stage != "production":
        raise StepFailed(str(use), hint=f"remove files there, or destroy it: ops env destroy {_words(ctx.environment)}")


def end_if_full(ctx: StepContext) -> Callable[[], str]:
    """Return what is asked while a job works on the environment; production's is never ended for its disk."""

    def reason() -> str:
        if ctx.environment.stage == "production":
            return ""
        free = free_percent(ctx.settings)
        if free < ctx.settings.disk_free_percent / 2:
            return low_disk(ctx.settings, free)
        use = disk_use(ctx.control, ctx.databases, ctx.settings, ctx.environment)
        return str(use) if use.is_over else ""

    return reason


def watch_environments(
    control: ControlPlane, databases: OdooDatabases, settings: Settings, *, progress: Callable[[str], object]
) -> None:
    """Raise or clear the alarm of each environment that takes more of the disk than it may."""
    watch_free_disk(control, settings)
    for environment in control.environments.list():
        if environment.database_name is not None and environment.status != "destroyed":
            use = disk_use(control, databases, settings, environment)
            _tell(control, environment, use)
            if use.is_over:
                progress(str(use))


def _tell(control: ControlPlane, environment: Environment, use: DiskUse) -> None:
    key = f"disk-{environment.id.hex}"
    if use.is_over:
        stays = "It goes on." if environment.stage == "production" else "Its next run is refused."
        control.incidents.raise_alarm(
            key,
            title=f"{environment.partition_key} takes more of the disk than it may",
            description=f"{use}. {stays}",
            severity="major" if environment.stage == "production" else "minor",
            project_id=environment.project_id,
        )
    else:
        control.incidents.clear_alarm(key, resolution="It takes less than its limit.")


def _words(environment: Environment) -> str:
    return environment.partition_key.replace("/", " ", 1)
