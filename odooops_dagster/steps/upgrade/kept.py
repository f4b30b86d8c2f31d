"""Copies on which some groups of modules are updated already, kept for the next preview of the same data.

Such a copy is kept only if its update passed and it is harmless still; it is retired with the clone templates.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from odooops_dagster.home import clone_template_name, template_filestore
from odooops_dagster.model import Build
from odooops_dagster.steps.clone.template import KEY_PREFIX
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.templates import find_template, keep_template
from odooops_dagster.steps.upgrade.copy import HarmlessCopy
from odooops_dagster.steps.upgrade.groups import Group, subsets
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.sanitize.pipeline import offenders


@dataclass(frozen=True, kw_only=True)
class KeptUpdate:
    """An updated group of modules: what it took, what of it a promotion of all takes once, and Odoo's log."""

    group: Group
    seconds: float
    again_seconds: float
    log_path: Path


class KeptUpdates:
    """Finds and keeps the copies of one preview.

    Args:
        copy: the preview's copy, which is replaced by a kept one.
        source: the build that serves the data now.
        target: the build of which the groups are.
        cases: a hash of the upgrade cases that were prepared in the copy; empty without any.
    """

    def __init__(self, copy: HarmlessCopy, *, source: Build, target: Build, cases: str = "") -> None:
        self._copy = copy
        self._source = source
        self._target = target
        self._cases = cases

    def resume(self, ctx: StepContext, groups: Sequence[Group]) -> list[KeptUpdate]:
        """Put the kept copy with the most of the groups in the copy's place, and return these; none if none is kept."""
        for done in subsets(groups):
            found = find_template(ctx, self._key(done))
            if found is not None:
                files = template_filestore(ctx.settings.home, found.database_name)
                self._copy.renew(ctx, replace(self._copy.template, database_name=found.database_name, filestore=files))
                return [_read(row, files.parent) for row in found.tests["updates"]]
        return []

    def keep(self, ctx: StepContext, done: Sequence[KeptUpdate]) -> None:
        """Keep the copy as it is now, after the updates, unless one of them made it harmful."""
        place = self._copy.place
        if offenders(self._copy.access(ctx)):
            ctx.log("info", "the update switched something on: this copy is not kept for later previews")
            return
        key = self._key({update.group for update in done})
        name = clone_template_name(key.removeprefix(KEY_PREFIX), ctx.run)
        folder = template_filestore(ctx.settings.home, name).parent
        folder.mkdir(parents=True, exist_ok=True)
        rows = []
        for number, update in enumerate(done):
            row = {"group": update.group, "seconds": update.seconds, "again_seconds": update.again_seconds}
            rows.append({**row, "log": f"update-{number}.log"})
            shutil.copyfile(update.log_path, folder / f"update-{number}.log")
        facts = {"backup_id": self._backup_id(ctx), "project_id": str(ctx.project.id), "updates": rows}
        keep_template(ctx, key, place.name, self._target, tests=facts, name=name, files=place.filestore)

    def _key(self, done: Collection[Group]) -> str:
        """Return a hash of the data, of the code that serves them, and of all bytes of the updated modules."""
        names = [name for group in done for name in group]
        parts = [
            self._copy.template.key,
            self._source.digest,
            self._target.odoo_revision,
            self._target.python_digest,
            modules.checksums(names, self._target.addons_paths),
            sorted(done),
            *([self._cases] if self._cases else []),
        ]
        return KEY_PREFIX + hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _backup_id(self, ctx: StepContext) -> str:
        """Return the backup of the data, with which the copy is retired."""
        known = ctx.control.templates.get(self._copy.template.key)
        return str(known["tests"]["backup_id"]) if known else ""


def held_back(build: Build, former: Build, names: Sequence[str], folder: Path) -> Build:
    """Return the build with the former code of the modules that wait for their turn, copied into the folder."""
    if not names:
        return build
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o755)
    for name in names:
        found = modules.find(name, former.addons_paths)
        assert found is not None  # noqa: S101 - modules are in groups only if the former build has them
        shutil.copytree(found, folder / name)
    return replace(build, addons_paths=(folder, *build.addons_paths))


def _read(row: Mapping[str, Any], folder: Path) -> KeptUpdate:
    return KeptUpdate(
        group=tuple(row["group"]),
        seconds=row["seconds"],
        again_seconds=row["again_seconds"],
        log_path=folder / row["log"],
    )
