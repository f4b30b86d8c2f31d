"""The project's masking hooks: SQL files of its repository that mask personal data in a clone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from odooops_dagster.errors import OdooOpsError, StepFailed
from odooops_dagster.steps.build.source import fetch_source
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools import git
from odooops_dagster.tools.sanitize import neutralize
from odooops_dagster.tools.sanitize.neutralize import Script


def masking_hooks(
    ctx: StepContext, root: Path, names: Sequence[str], *, profile: str | None = None
) -> tuple[Script, ...]:
    """Return the named files of the commit checked out at `root`, then those of the folder `profile`.

    A commit may be older than a hook: a missing file is taken from the default branch.

    Raises:
        StepFailed: a hook is in neither; nothing is cloned without it.
    """

    @cache
    def newest() -> Path:
        return _default_branch(ctx)

    hooks = tuple(_hook(root, newest, name) for name in names)
    return hooks + _profile(root, newest, profile) if profile else hooks


def _hook(root: Path, newest: Callable[[], Path], name: str) -> Script:
    path = _inside(root, name)
    if not path.is_file():
        path = _inside(_else(newest, name), name)
    if not path.is_file():
        raise _no_hook(name, "is not in the repository, neither at this commit nor on its default branch")
    return Script(name=name, text=path.read_text())


def _profile(root: Path, newest: Callable[[], Path], profile: str) -> tuple[Script, ...]:
    found = neutralize.masks(_inside(root, profile)) or neutralize.masks(_inside(_else(newest, profile), profile))
    if not found:
        raise _no_hook(profile, "is no folder of the repository with .sql files in it")
    return found


def _else(newest: Callable[[], Path], name: str) -> Path:
    try:
        return newest()
    except (OdooOpsError, OSError) as exc:
        why = f"is not in the repository at this commit, and its default branch cannot be had: {exc}"
        raise _no_hook(name, why) from exc


def _default_branch(ctx: StepContext) -> Path:
    """Check out the newest commit of the default branch and return its folder."""
    branch = ctx.project.default_branch
    sha = git.head_of(ctx.project.repo_url, branch)
    ctx.log("info", f"masking hooks that this commit does not have are taken from {branch}, {sha[:12]}")
    run = replace(ctx.run, git_sha=sha, git_ref=f"refs/heads/{branch}")
    return fetch_source(replace(ctx, run=run)).path


def _inside(root: Path, name: str) -> Path:
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise _no_hook(name, "leads out of the repository")
    return path


def _no_hook(name: str, why: str) -> StepFailed:
    return StepFailed(f"masking hook {name} {why}", hint="commit it, or correct policy clone.masking_hooks")
