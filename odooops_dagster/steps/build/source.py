"""Step `source`: check out the pushed commit once and list its addons and requirements."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from odooops_dagster.errors import StepFailed
from odooops_dagster.home import checkout_folder, partial_checkout
from odooops_dagster.kinds import backup_named_by
from odooops_dagster.model import Source
from odooops_dagster.steps.build.dockerfile import dockerfile_of
from odooops_dagster.steps.build.large_files import fetch_large_files, refuse_pointers
from odooops_dagster.steps.build.notifications import record_notifications
from odooops_dagster.steps.build.repositories import declared_in
from odooops_dagster.steps.build.repository import key_of, limits_of, ref_of, rules_of
from odooops_dagster.steps.build.required_tests import require_tests
from odooops_dagster.steps.build.settings_in_force import settings_in_force
from odooops_dagster.steps.build.tree import digest_beside_modules, tree_digest
from odooops_dagster.steps.build.wanted_rules import record_wanted_rules
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.free_disk import require_free_disk
from odooops_dagster.tools import git
from odooops_dagster.tools.odoo import demands, modules
from odooops_dagster.tools.project_file import NAME, ProjectFile
from odooops_dagster.tools.project_file.dockerfile import Dockerfile
from odooops_dagster.wording import path_text

# Addons are at the root, in addons/, or in a submodule below one of them; deeper ones belong to other tools.
_ADDONS_DEPTH = 3


def fetch_source(ctx: StepContext, *, is_recorded: bool = False) -> Source:
    """Check out the run's commit with its submodules and list its addons and requirements.

    Args:
        ctx: the run's context.
        is_recorded: whether the commit is from the platform's own record of what served, and not from a request.

    Raises:
        StepFailed: the repository or the commit cannot be fetched, the branch does not contain it, the run names no
            commit, a module is of another series, a module's file in Git LFS cannot be had, odooops.yaml is wrong, or
            it leaves out tests that the project's policy demands, or the disk is nearly full.
    """
    if not is_recorded:
        require_free_disk(ctx)
    sha = ctx.run.git_sha
    if not sha and ctx.run.kind == "clone":
        sha, is_recorded = _cloned_commit(ctx), True
    if not sha:
        raise StepFailed(
            f"run #{ctx.run.run_number} names no commit", hint="queue it with a git sha, or push to the branch"
        )
    path = check_out(ctx, sha, is_recorded=is_recorded)
    left = fetch_large_files(ctx, sha, path)
    dockerfile = dockerfile_of(ctx.settings, path)
    settings, has_given = settings_in_force(ctx, path, variables=dockerfile.variables)
    record_wanted_rules(ctx, settings)
    record_notifications(ctx, settings.notifications)
    source = replace(_with(dockerfile, read_source(path, sha, settings)), has_given_settings=has_given)
    for folder, why in source.passed_over:
        ctx.log("warn", f"folder {path_text(folder)} is passed over, as Odoo would: {why}")
    refuse_pointers(ctx, _own_addons(source), left, root=path)
    require_tests(ctx, source)
    demands.refuse_other_series(_own_addons(source), ctx.project.odoo_version)
    ctx.log("info", f"source {sha[:12]}: {len(source.modules)} module(s) {', '.join(source.modules) or '(none)'}")
    return source


def _with(dockerfile: Dockerfile, source: Source) -> Source:
    """Add the Python packages of the repository's Dockerfile to those of its requirements."""
    others = (path for path in dockerfile.requirements if path not in source.requirements)
    return replace(source, requirements=(*source.requirements, *others), python_packages=dockerfile.python_packages)


def check_out(ctx: StepContext, sha: str, *, is_recorded: bool = False) -> Path:
    """Check out a commit, once for all runs, and return its folder.

    The branch that the run names has to contain a commit that somebody asks for: forges show the commits of
    everybody's pull requests in the same repository.
    """
    path = checkout_folder(ctx.settings.home, ctx.project, sha)
    ref = None if is_recorded or sha == ctx.environment.deployed_sha else ref_of(ctx)
    if not path.is_dir() or _lacking(path):
        _check_out(ctx, sha, ref, path)
        return path
    if ref is not None:
        git.require_on(
            ctx.project.repo_url,
            sha=sha,
            ref=ref,
            home=ctx.settings.home,
            key=key_of(ctx),
            limits=limits_of(ctx.settings),
        )
    git.refuse_leaving_links(path)
    return path


def _own_addons(source: Source) -> list[Path]:
    """Return the folders of the repository's own modules."""
    found = (modules.find(name, source.addons_paths) for name in source.modules)
    return [addon for addon in found if addon is not None]


def _cloned_commit(ctx: StepContext) -> str | None:
    """Return the commit of a clone run without one: the environment's deployed commit, else the backup's."""
    backup_id = backup_named_by(ctx.run)
    if ctx.environment.deployed_sha or backup_id is None:
        return ctx.environment.deployed_sha
    return ctx.control.backups.get(backup_id).git_sha


def read_source(path: Path, sha: str, settings: ProjectFile | None = None) -> Source:
    """Describe a checked-out tree.

    Raises:
        StepFailed: the settings leave out a module that the repository does not have.
    """
    settings = settings or ProjectFile()
    addons_paths = tuple(_addons_paths(path))
    submodules = (*git.submodule_folders(path), *(path / folder for folder in settings.repositories))
    own = [p for p in addons_paths if not any(p.is_relative_to(s) for s in submodules)]
    found = {name for p in own for name in modules.installable(p)}
    _refuse_strange_names(settings, found)
    return Source(
        path=path,
        git_sha=sha,
        tree_digest=tree_digest(path),
        beside_digest=digest_beside_modules(path),
        addons_paths=addons_paths,
        modules=tuple(sorted(found - set(settings.modules.leave_out))),
        requirements=tuple(_requirements(path, submodules)),
        passed_over=tuple(
            (str(folder.relative_to(path)), why) for p in own for folder, why in modules.passed_over(p).items()
        ),
        settings=settings.shaping(),
        settings_digest=settings.digest,
    )


def _refuse_strange_names(settings: ProjectFile, found: Collection[str]) -> None:
    """Refuse a wrong name: the module that was meant would be installed."""
    strange = sorted(set(settings.modules.leave_out) - set(found))
    if strange:
        raise StepFailed(
            f"{NAME}: modules.leave_out names {', '.join(strange)}, which the repository does not have",
            hint=f"its modules are {', '.join(sorted(found)) or 'none'}",
        )


def _check_out(ctx: StepContext, sha: str, ref: str | None, path: Path) -> None:
    """Check out beside the final folder and rename into place, so that a killed run leaves no partial tree."""
    partial = partial_checkout(path, ctx.run)
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        git.checkout(
            ctx.project.repo_url,
            sha=sha,
            ref=ref,
            into=partial,
            home=ctx.settings.home,
            key=key_of(ctx),
            limits=limits_of(ctx.settings),
            rules=rules_of(ctx),
            declared=declared_in,
        )
        _publish(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _publish(partial: Path, path: Path) -> None:
    try:
        partial.rename(path)
    except OSError:
        # Another run of the same commit was first; its tree has the same content.
        if not path.is_dir():
            raise
        for folder in _lacking(path):
            (path / folder).parent.mkdir(parents=True, exist_ok=True)
            (partial / folder).rename(path / folder)


def _lacking(path: Path) -> list[str]:
    """Return the declared repositories that a checkout lacks: a version that did not know the key made it."""
    return [other.path for other in declared_in(path) if not (path / other.path).is_dir()]


def _addons_paths(root: Path) -> Iterator[Path]:
    """Yield every folder that holds at least one addon, the root first."""
    for folder, subfolders, _ in os.walk(root):
        here = Path(folder)
        depth = len(here.relative_to(root).parts)
        subfolders[:] = (
            sorted(name for name in subfolders if not name.startswith(".") and not _is_addon(here / name))
            if depth < _ADDONS_DEPTH
            else []
        )
        if any(_is_addon(child) for child in here.iterdir()):
            yield here


def _is_addon(path: Path) -> bool:
    return (path / "__manifest__.py").is_file()


def _requirements(root: Path, submodules: Sequence[Path]) -> Iterator[Path]:
    """Yield the requirements files in use: the root's and each submodule's."""
    for folder in (root, *submodules):
        file = folder / "requirements.txt"
        if file.is_file():
            yield file
