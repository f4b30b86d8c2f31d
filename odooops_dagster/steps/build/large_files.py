"""Complete a checkout with its files in Git LFS, and say which of them cannot be had and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from odooops_dagster.errors import StepFailed
from odooops_dagster.steps.build.repositories import declared_in
from odooops_dagster.steps.build.repository import key_of, limits_of, rules_of
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools import git
from odooops_dagster.tools.git import Pointer
from odooops_dagster.tools.odoo.named_files import named_files
from odooops_dagster.wording import path_text, size_text, some_of

_SHOWN = 5


def fetch_large_files(ctx: StepContext, sha: str, path: Path) -> tuple[Pointer, ...]:
    """Replace the checkout's Git LFS pointers by their files, and return those that stay; the run's log names them."""
    found = git.pointers(path)
    if not found:
        return ()
    why = git.fetch_large_files(
        ctx.project.repo_url,
        sha=sha,
        root=path,
        home=ctx.settings.home,
        key=key_of(ctx),
        limits=limits_of(ctx.settings),
        rules=rules_of(ctx),
        declared=declared_in,
    )
    left = git.pointers(path)
    if fetched := len(found) - len(left):
        ctx.log("info", f"{fetched} file(s) of the repository were fetched from Git LFS")
    if left:
        ctx.log("warn", f"{_told(left)}: {why}. Their pointers stay. To change this, {_next_action(ctx)}")
    return left


def refuse_pointers(ctx: StepContext, addons: Collection[Path], left: Sequence[Pointer], *, root: Path) -> None:
    """Refuse modules whose manifests name a file that is only a pointer: Odoo would read the pointer's text.

    Raises:
        StepFailed: the message names each such file with its module.
    """
    if not left:
        return
    places = {root / pointer.path: pointer for pointer in left}
    faults = [
        f"module {addon.name} names {path_text(pointer.path)} ({size_text(pointer.size)})"
        for addon in sorted(addons)
        for file, pointer in places.items()
        if file in named_files(addon)
    ]
    if faults:
        shown = some_of(faults, _SHOWN, between="; ")
        raise StepFailed(f"files are in Git LFS and could not be fetched: {shown}", hint=_next_action(ctx))


def _told(left: Sequence[Pointer]) -> str:
    named = [f"{path_text(pointer.path)} ({size_text(pointer.size)})" for pointer in left]
    total = size_text(sum(pointer.size for pointer in left))
    return f"{len(left)} file(s) of {total} are in Git LFS and could not be fetched: {some_of(named, _SHOWN)}"


def _next_action(ctx: StepContext) -> str:
    if shutil.which("git-lfs") is None and not git.Remote.parse(ctx.project.repo_url).is_local:
        return "install git-lfs on the platform's machine (Debian: apt install git-lfs), then ops run retry"
    return "push the files to the repository's LFS store (git lfs push --all origin), then ops run retry"
