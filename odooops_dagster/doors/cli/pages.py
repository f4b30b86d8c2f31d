"""The fields of a run and of an environment that people read first; --json has all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.lookup import name_of
from odooops_dagster.doors.cli.ports import read_settings
from odooops_dagster.wording import duration_text

if TYPE_CHECKING:
    from odooops_dagster.model import Environment, Project, Run
    from odooops_dagster.settings import Settings


def run_page(control: ControlPlane, run: Run, *, hint: str | None, outlook: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run's fields in the order in which people ask for them, without those that are not there."""
    from odooops_dagster.local.programs import ui_url

    settings = read_settings()
    project = control.projects.get(run.project_slug)
    environment = control.environments.of_run(run) if run.environment_id else None
    fields = {
        "run": name_of(run),
        "status": run.status,
        "fault": run.fault,
        "reason": run.error_message,
        "hint": hint,
        "branch": branch_of_run(run),
        "commit": commit_text(project, run.git_sha, settings),
        "url": environment.url if environment and environment.deployed_run_id == run.id else None,
        "duration": _duration(run),
        **outlook,
        "dagster": f"{ui_url(settings)}/runs/{run.dagster_run_id}" if run.dagster_run_id else None,
        "kind": run.kind,
        "trigger": run.trigger,
        "requested_by": run.requested_by,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "attempt": f"{run.attempt} of {run.max_attempts}" if run.attempt else None,
        "config": dict(run.config) or None,
        "retry_of": run.retry_of,
        "id": run.id,
    }
    return _known(fields)


def environment_page(
    environment: Environment, project: Project, data: Mapping[str, Any], *, head: str | None
) -> dict[str, Any]:
    """Return the environment's fields in the same way; `head` is the commit at which its branch was last seen."""
    settings = read_settings()
    fields = {
        "environment": environment.partition_key,
        "status": environment.status,
        "url": environment.url or not_running(environment),
        "login": "admin, password admin" if environment.url and environment.stage == "development" else None,
        "commit": commit_text(project, environment.deployed_sha, settings),
        "behind": _behind(environment, project, head, settings),
        "stage": environment.stage,
        **data,
        "database_name": environment.database_name,
        "image_digest": environment.image_digest,
        "expires_at": environment.expires_at,
        "last_used_at": environment.last_used_at,
        "is_pinned": environment.is_pinned or None,
        "wakes_on_request": environment.wakes_on_request or None,
        "created_at": environment.created_at,
        "is_adopted": environment.is_adopted or None,
        "deployed_run_id": environment.deployed_run_id,
        "id": environment.id,
    }
    return _known(fields)


def not_running(environment: Environment) -> str | None:
    """Return what to do so that a production runs which only was built; None for other environments."""
    is_waiting = environment.stage == "production" and environment.status == "pending"
    words = f"built, not running: ops env create {environment.project_slug} {environment.branch}"
    return words if is_waiting else None


def branch_of_run(run: Run) -> str | None:
    """Return the run's branch, or its tag's whole name."""
    return run.git_ref.removeprefix("refs/heads/") if run.git_ref else None


def commit_text(project: Project, sha: str | None, settings: Settings) -> str | None:
    """Return the commit with its subject and its author, as far as they are known here."""
    from odooops_dagster.tools import git

    told = git.known_commit(project.repo_url, sha, home=settings.home) if sha else None
    return f"{sha} {told}" if told else sha


def _behind(environment: Environment, project: Project, head: str | None, settings: Settings) -> str | None:
    """Return how far the branch was ahead when the repository was last asked; asks nobody now."""
    from odooops_dagster.tools import git

    if environment.deployed_sha is None:
        return None
    if head is None:
        return "not known: the branch was not seen"
    if head == environment.deployed_sha:
        return "no: it is the branch's newest"
    count = git.known_distance(project.repo_url, environment.deployed_sha, head, home=settings.home)
    return f"{count} commit{'' if count == 1 else 's'} behind the branch" if count else f"the branch is at {head[:10]}"


def _duration(run: Run) -> str | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return duration_text(run.finished_at - run.started_at)


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
