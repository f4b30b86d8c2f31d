"""Poll a repository for its branches, for projects whose forge sends no webhook."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError, Unavailable
from odooops_dagster.model import Project
from odooops_dagster.tools import git


def poll_project(control: ControlPlane, project: Project) -> list[UUID]:
    """Record the heads of the project's branches and return the runs that their changes queued.

    Raises:
        StepFailed: there is no such repository, or it refuses access.
        Unavailable: it does not answer, or lists no branch at all, which must not count as "all were deleted".
    """
    asked_at = datetime.now(UTC)
    try:
        heads = _heads(project)
    except OdooOpsError as exc:
        control.projects.record_poll_failure(project.id, reason=str(exc))
        raise
    return control.pushes.record_heads(project.id, heads=heads, asked_at=asked_at)


def _heads(project: Project) -> dict[str, str]:
    heads = git.ls_remote(project.repo_url)
    if not heads:
        raise Unavailable(
            f"{git.Remote.parse(project.repo_url).url} shows no branch; nothing was changed",
            hint=f"push {project.default_branch} to it, or ops project archive {project.slug}",
        )
    return heads
