"""Queue the drills that are due: one a week for each production that has a verified backup."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Environment

REQUESTED_BY = "schedule recovery_drills"
# Not before this hour of the week's first day, so that the drill uses that night's backup.
FROM_HOUR = 4


def ask_for_drills(control: ControlPlane, *, now: datetime) -> list[str]:
    """Queue the drills of the week of `now`, in the time zone of `now`, and return a line for each."""
    if now.isoweekday() == 1 and now.hour < FROM_HOUR:
        return []
    return [line for environment in _productions(control) for line in _ask(control, environment, now)]


def week_of(now: datetime) -> str:
    """Return the week in ISO 8601 notation, such as 2026-W07."""
    year, week, _ = now.isocalendar()
    return f"{year}-W{week:02}"


def _productions(control: ControlPlane) -> Iterator[Environment]:
    active = {project.slug for project in control.projects.list() if project.status == "active"}
    for environment in control.environments.list():
        if (
            environment.stage == "production"
            and environment.status != "destroyed"
            and environment.project_slug in active
        ):
            yield environment


def _ask(control: ControlPlane, environment: Environment, now: datetime) -> Iterator[str]:
    """Request the week's drill unless it was requested before, even if there is a newer backup since."""
    backup = control.backups.newest_verified(environment.id)
    if backup is None or _was_asked(control, environment, now):
        return
    try:
        control.backups.restore(
            backup.id,
            target_env=None,
            purpose="drill",
            requested_by=REQUESTED_BY,
            trigger="schedule",
            idempotency_key=f"drill:{environment.id}:{week_of(now)}",
        )
    except OdooOpsError as exc:
        yield f"{environment.partition_key}: {exc}"  # the others are still requested
        return
    yield f"{environment.partition_key}: drill of backup {backup.id}"


def _was_asked(control: ControlPlane, environment: Environment, now: datetime) -> bool:
    mine = {backup.id for backup in control.backups.list(environment_id=environment.id)}
    return any(
        restore.backup_id in mine
        and restore.requested_by == REQUESTED_BY
        and week_of(restore.created_at.astimezone(now.tzinfo)) == week_of(now)
        for restore in control.backups.restores(environment.project_id, purpose="drill")
    )
