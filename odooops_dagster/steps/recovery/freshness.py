"""Open one incident per production while its newest verified backup is older than policy allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import BackupFreshness, Environment
from odooops_dagster.model.releases import Incident


def watch_freshness(control: ControlPlane, *, now: datetime) -> list[str]:
    """Open an incident for each production with stale backups, resolve those of fresh ones, and return a line each."""
    active = {project.id for project in control.projects.list() if project.status == "active"}
    environments = {e.id: e for e in control.environments.list() if e.project_id in active}
    done = []
    for freshness in control.backups.freshness():
        environment = environments.get(freshness.environment_id)
        if environment is None or environment.stage != "production" or not _has_data(environment):
            continue
        since = _stale_since(freshness, environment, now)
        said = _alarm(control, freshness, since) if since else _all_clear(control, freshness)
        done += [said] if said else []
    return done


def _has_data(environment: Environment) -> bool:
    return environment.is_adopted or environment.database_name is not None


def _stale_since(freshness: BackupFreshness, environment: Environment, now: datetime) -> datetime | None:
    """Return the moment since which the backups are stale; a new production's first backup has the same time limit."""
    if freshness.is_fresh:
        return None
    since = (freshness.verified_taken_at or environment.created_at or now) + freshness.max_age
    return since if since <= now else None


def _alarm(control: ControlPlane, freshness: BackupFreshness, since: datetime) -> str | None:
    """Open an incident unless this breach has one already, open or resolved by a person."""
    title = _title(freshness)
    if any(incident.opened_at >= since for incident in _incidents(control, freshness)):
        return None
    control.incidents.open(freshness.project_id, title=title, description=_description(freshness), severity="major")
    return f"incident: {title}"


def _all_clear(control: ControlPlane, freshness: BackupFreshness) -> str | None:
    """Resolve the incident of a breach that is over."""
    still = [incident for incident in _incidents(control, freshness) if incident.resolved_at is None]
    if freshness.verified_taken_at is None or not still:
        return None
    resolution = f"A backup of {_moment(freshness.verified_taken_at)} was read back."
    for incident in still:
        control.incidents.resolve(incident.id, resolution=resolution)
    return f"resolved: {_title(freshness)}"


def _incidents(control: ControlPlane, freshness: BackupFreshness) -> list[Incident]:
    title = _title(freshness)
    return [incident for incident in control.incidents.list(freshness.project_id) if incident.title == title]


def _title(freshness: BackupFreshness) -> str:
    return f"Backups of {freshness.project_slug}/{freshness.environment_name} are stale"


def _description(freshness: BackupFreshness) -> str:
    hours = freshness.max_age / timedelta(hours=1)
    newest = freshness.verified_taken_at
    known = f"The newest that was read back is of {_moment(newest)}" if newest else "None was ever read back"
    failed = f" The last one failed: {freshness.newest_error}" if freshness.newest_error else ""
    return f"{known}; the policy allows {hours:g} hours (backup.max_age_hours).{failed} Next: ops backup create."


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
