"""Choose the scripts that neutralise a backup's data: those of the code that served it, whatever was pushed since.

A script of a later version may name columns that the data do not have yet; such scripts run after the update.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Backup, Build
from odooops_dagster.steps.build.image import kept_build
from odooops_dagster.steps.build.source import fetch_source
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.sanitize import neutralize
from odooops_dagster.tools.sanitize.neutralize import Coverage, Script


@dataclass(frozen=True, kw_only=True)
class Neutralizers:
    """The addons whose scripts run; `are_of_tables` is true if this exact code created the tables."""

    addons_paths: tuple[Path, ...]
    are_of_tables: bool
    origin: str  # for people

    def scripts(self, names: Sequence[str]) -> tuple[Script, ...]:
        """Return the scripts of the modules."""
        return neutralize.scripts(names, self.addons_paths)


def neutralizers_of(ctx: StepContext, backup: Backup, build: Build) -> Neutralizers:
    """Return the addons of the build that served the backup, else those of its commit, else those of `build`."""
    kept = kept_build(ctx, backup.image_digest)
    if kept is not None:
        return Neutralizers(addons_paths=kept.addons_paths, are_of_tables=True, origin=f"build {kept.digest[:19]}")
    if backup.git_sha:
        try:
            return _of_commit(ctx, backup.git_sha, build)
        except OdooOpsError as exc:
            ctx.log("warn", f"commit {backup.git_sha[:12]}, which served the backup, cannot be had: {exc}")
    origin = f"commit {build.source.git_sha[:12]}, as nobody here has the one that served the backup"
    ctx.log("warn", f"the data are neutralised by the scripts of {origin}")
    return Neutralizers(addons_paths=build.addons_paths, are_of_tables=False, origin=origin)


def _of_commit(ctx: StepContext, sha: str, build: Build) -> Neutralizers:
    """Return the commit's own addons and the other addons of `build`, which have the same series but may be newer."""
    source = fetch_source(replace(ctx, run=replace(ctx.run, git_sha=sha)), is_recorded=True)
    others = (path for path in build.addons_paths if path not in build.source.addons_paths)
    return Neutralizers(
        addons_paths=(*source.addons_paths, *others), are_of_tables=False, origin=f"commit {source.git_sha[:12]}"
    )


def coverage_of(names: Sequence[str], *addons: Sequence[Path]) -> Coverage:
    """Return the coverage of the modules: covered if each given code base that has the module brings its script."""
    each = [neutralize.coverage(names, paths) for paths in dict.fromkeys(map(tuple, addons))]
    without_code = frozenset(names).intersection(*(found.without_code for found in each))
    without_script = frozenset().union(*(found.without_script for found in each))
    return Coverage(
        neutralized=tuple(name for name in names if name not in without_code | without_script),
        without_script=tuple(name for name in names if name in without_script),
        without_code=tuple(name for name in names if name in without_code),
    )
