"""How a project's repository is fetched: its key, the limits of a commit, and where submodules may come from."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import deploy_key
from odooops_dagster.model import Project
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools import git


def limits_of(settings: Settings) -> git.Limits:
    """Return the most that one commit may bring."""
    return git.Limits(
        entries=settings.repository_entries,
        depth=settings.repository_depth,
        file_mb=settings.repository_file_mb,
        total_mb=settings.repository_mb,
        fetch_mb=settings.repository_fetch_mb,
    )


def rules_of(ctx: StepContext) -> git.SubmoduleRules:
    """Return where the project's submodules may come from."""
    folders = (Path(folder) for folder in ctx.settings.submodule_folders.split(":") if folder)
    return git.SubmoduleRules(
        hosts=frozenset(ctx.settings.submodule_hosts.lower().split()),
        folders=tuple(folders),
        owner_of=lambda url: _other_owner(ctx.control, ctx.project, url),
    )


def key_of(ctx: StepContext) -> Path | None:
    """Return the project's own ssh key, if it has one."""
    return deploy_key(ctx.settings.home, ctx.project.slug)


def ref_of(ctx: StepContext) -> str:
    """Return the branch or tag that has to contain the run's commit: the one that the run names, else its own."""
    named = ctx.run.git_ref or ""
    return named if named.startswith("refs/") else f"refs/heads/{ctx.environment.branch}"


def _other_owner(control: ControlPlane, project: Project, url: str) -> str | None:
    """Return the slug of another project with this repository; None for a repository that this project has too."""
    owners = [owner.slug for owner in control.projects.of_repository(url)]
    return None if project.slug in owners else next(iter(owners), None)
