"""Nightly backups: one a night of each production, also if the platform was down at the hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Backup, Environment

REQUESTED_BY = "schedule nightly_backups"
# The cause of a failure may be gone by then: a store that was down, a disk that was full.
_PAUSE_AFTER_FAILURE = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Night:
    """A day of the calendar, and the moment from which its backup is due."""

    day: date
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Queued:
    """The backups that were requested now, and the reasons why others were refused."""

    backups: tuple[Backup, ...]
    refused: tuple[str, ...]


def night_of(now: datetime, *, hour: int, time_zone: str) -> Night:
    """Return the last night whose hour has passed.

    An hour that the clock skips counts from the moment of the jump; an hour that the clock repeats counts once.
    """
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    nights = (_night(today + timedelta(days=days), hour, zone) for days in (1, 0, -1, -2))
    return next(night for night in nights if night.due_at <= now)


def queue_nightly(control: ControlPlane, *, hour: int, time_zone: str, now: datetime) -> Queued:
    """Request a backup of each living production whose policy wants nightly ones and that has none of this night."""
    night = night_of(now, hour=hour, time_zone=time_zone)
    active = {project.id for project in control.projects.list() if project.status == "active"}
    backups, refused = [], []
    for environment in control.environments.list():
        try:
            if environment.project_id in active and _has_data(environment) and _is_wanted(control, environment):
                backups += _ask_if_due(control, environment, night, now)
        except OdooOpsError as exc:
            refused.append(f"{environment.partition_key}: {exc}")
    return Queued(backups=tuple(backups), refused=tuple(refused))


def _night(day: date, hour: int, zone: ZoneInfo) -> Night:
    return Night(day=day, due_at=datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC))


def _has_data(environment: Environment) -> bool:
    is_production = environment.stage == "production" and environment.status != "destroyed"
    return is_production and (environment.is_adopted or environment.database_name is not None)


def _is_wanted(control: ControlPlane, environment: Environment) -> bool:
    return bool(control.policies.get(environment.project_id, policy_type="backup")["nightly"])


def _ask_if_due(control: ControlPlane, environment: Environment, night: Night, now: datetime) -> list[Backup]:
    """Request the night's backup, and once more if it failed: the second one rewrites damaged objects.

    The record is checked first, because the idempotency key alone would be refused after a deployment.
    """
    everyone = control.backups.list(environment_id=environment.id)
    asked = [backup for backup in everyone if backup.requested_by == REQUESTED_BY and backup.created_at >= night.due_at]
    has_failed = len(asked) == 1 and asked[0].status == "failed" and now - asked[0].created_at >= _PAUSE_AFTER_FAILURE
    if asked and not has_failed:
        return []
    again = ", again" if asked else ""
    made = control.backups.create(
        environment.project_id,
        env=environment.name,
        trigger="schedule",
        requested_by=REQUESTED_BY,
        idempotency_key=f"nightly backup of {environment.id} on {night.day}{again}",
    )
    return [made]
