"""The project's masking hooks: SQL files of its repository that mask personal data in a clone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from odooops_dagster.errors import OdooOpsError, StepFailed
from odooops_dagster.steps.build.repository import key_of
from odooops_dagster.steps.build.source import check_out
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools import git
from odooops_dagster.tools.sanitize import neutralize
from odooops_dagster.tools.sanitize.neutralize import Script


def masking_hooks(
    ctx: StepContext, root: Path, names: Sequence[str], *, profile: str | None = None
) -> tuple[Script, ...]:
    """Return the named files, then those of the folder `profile`, as the head of the default branch has them.

    Everybody who can push could empty a mask in a branch. Only what the head does not have is taken from the commit
    checked out at `root`; where no head is known, that commit comes first.

    Raises:
        StepFailed: a hook is in neither, or the head cannot be fetched; nothing is cloned without it.
    """

    @cache
    def newest() -> Path:
        return _default_branch(ctx)

    head = _known_head(ctx, [*names, *([profile] if profile else [])])
    places = (head, root) if head else (root,)
    hooks = tuple(_hook(places, newest, name) for name in names)
    hooks += _profile(places, newest, profile) if profile else ()
    for name in _changed(head, root, names, profile):
        branch = ctx.project.default_branch
        ctx.log("info", f"masking hook {name} counts as {branch} has it: what this commit says has no effect")
    return hooks


def _known_head(ctx: StepContext, names: Sequence[str]) -> Path | None:
    """Check out the head of the default branch, if one is known, and return its folder."""
    sha = ctx.control.pushes.head(ctx.project.id, ctx.project.default_branch) if names else None
    if sha is None:
        return None
    try:
        return _checked_out(ctx, sha)
    except (OdooOpsError, OSError) as exc:
        raise _no_hook(names[0], f"cannot be read as {ctx.project.default_branch} has it: {exc}") from exc


def _changed(head: Path | None, root: Path, names: Sequence[str], profile: str | None) -> list[str]:
    """Return the hooks that the commit has otherwise than the head of the default branch."""
    if head is None:
        return []
    of_profile = neutralize.masks(_inside(root, profile)) if profile else ()
    paths = [*names, *(f"{profile}/{script.name}" for script in of_profile)]
    both = [(name, head / name, root / name) for name in paths]
    return [
        name
        for name, ours, theirs in both
        if ours.is_file() and theirs.is_file() and ours.read_bytes() != theirs.read_bytes()
    ]


def _hook(places: Sequence[Path], newest: Callable[[], Path], name: str) -> Script:
    found = [path for path in (_inside(place, name) for place in places) if path.is_file()]
    path = found[0] if found else _inside(_else(newest, name), name)
    if not path.is_file():
        raise _no_hook(name, "is not in the repository, neither at this commit nor on its default branch")
    return Script(name=name, text=path.read_text())


def _profile(places: Sequence[Path], newest: Callable[[], Path], profile: str) -> tuple[Script, ...]:
    found = [scripts for place in places if (scripts := neutralize.masks(_inside(place, profile)))]
    scripts = found[0] if found else neutralize.masks(_inside(_else(newest, profile), profile))
    if not scripts:
        raise _no_hook(profile, "is no folder of the repository with .sql files in it")
    return scripts


def _else(newest: Callable[[], Path], name: str) -> Path:
    try:
        return newest()
    except (OdooOpsError, OSError) as exc:
        why = f"is not in the repository at this commit, and its default branch cannot be had: {exc}"
        raise _no_hook(name, why) from exc


def _default_branch(ctx: StepContext) -> Path:
    """Check out the newest commit of the default branch and return its folder."""
    branch = ctx.project.default_branch
    sha = git.head_of(ctx.project.repo_url, branch, key=key_of(ctx))
    ctx.log("info", f"masking hooks that this commit does not have are taken from {branch}, {sha[:12]}")
    return _checked_out(ctx, sha)


def _checked_out(ctx: StepContext, sha: str) -> Path:
    run = replace(ctx.run, git_sha=sha, git_ref=f"refs/heads/{ctx.project.default_branch}")
    return check_out(replace(ctx, run=run), sha)


def _inside(root: Path, name: str) -> Path:
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise _no_hook(name, "leads out of the repository")
    return path


def _no_hook(name: str, why: str) -> StepFailed:
    return StepFailed(f"masking hook {name} {why}", hint="commit it, or correct policy clone.masking_hooks")
