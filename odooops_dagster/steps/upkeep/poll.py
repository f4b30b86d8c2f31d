"""Poll a repository for its branches, for projects whose forge sends no webhook."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError, Unavailable
from odooops_dagster.model import Project
from odooops_dagster.tools import git

# The branches that a project's first answer deploys (ops.record_branch_heads).
_PREVIEWED = re.compile(r"(feature|release)/")


def poll_project(control: ControlPlane, project: Project, *, key: Path | None = None) -> list[UUID]:
    """Record the heads of the project's branches and return the runs that their changes queued.

    `key` is the file of the project's own ssh key, if it has one.

    Raises:
        StepFailed: there is no such repository, or it refuses access.
        Unavailable: it does not answer, or lists no branch at all, which must not count as "all were deleted".
    """
    asked_at = datetime.now(UTC)
    try:
        heads = _heads(project, key)
    except OdooOpsError as exc:
        control.projects.record_poll_failure(project.id, reason=str(exc))
        raise
    empty = project.default_branch if _waits_for_modules(project, heads, key) else None
    return control.pushes.record_heads(project.id, heads=heads, asked_at=asked_at, empty_branch=empty)


def _waits_for_modules(project: Project, heads: Mapping[str, str], key: Path | None) -> bool:
    """Return whether a new project's default branch holds no module while a branch to preview does have a push.

    Its build would install nothing, and would take a worker from the push that somebody waits for.
    """
    sha = heads.get(project.default_branch)
    if project.last_polled_at is not None or sha is None or not any(map(_PREVIEWED.match, heads)):
        return False
    try:
        return not git.holds_file(project.repo_url, sha, "__manifest__.py", key=key)
    except OdooOpsError:
        return False  # it is built as usual, and its run tells what is wrong


def _heads(project: Project, key: Path | None) -> dict[str, str]:
    heads = git.ls_remote(project.repo_url, key=key)
    if not heads:
        raise Unavailable(
            f"{git.Remote.parse(project.repo_url).url} shows no branch; nothing was changed",
            hint=f"push {project.default_branch} to it, or ops project archive {project.slug}",
        )
    return heads
