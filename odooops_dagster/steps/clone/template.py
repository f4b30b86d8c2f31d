"""Clone templates: production's data of one backup, sanitized once and copied for every clone.

Until the last check passes, the data are in a database with a scratch name and role, whose password no Odoo has; the
janitor finds leftovers of a killed run by that name. Only a sanitized database is kept as a template.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import NotFound, SanitizationFailed, StepFailed
from odooops_dagster.files import locked
from odooops_dagster.home import clone_template_lock, clone_template_name, scratch_name, template_filestore
from odooops_dagster.model import Backup, Build
from odooops_dagster.steps.clone.neutralizers import Neutralizers, coverage_of
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.server import require_server
from odooops_dagster.steps.core.undo import undoing
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.environment.templates import Template, find_template
from odooops_dagster.steps.recovery.load import load_backup, open_backup
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.sanitize import neutralize, secrets
from odooops_dagster.tools.sanitize.neutralize import Coverage, Script
from odooops_dagster.tools.sanitize.pipeline import sanitize
from odooops_dagster.tools.sanitize.terms import Terms
from odooops_dagster.wording import size_text

# Distinguishes the keys of clone templates from those of module templates; rows of earlier versions have this word.
KEY_PREFIX = "golden:"
# A staging with daily pushes still finds its template; by default a backup is not cloned later than a day after it.
_UNUSED_DAYS = 3
# Each template is as large as production.
_KEPT_PER_PROJECT = 3


class NotCovered(StepFailed):
    """Installed modules have no neutralising script, and policy does not allow that."""


@dataclass(frozen=True, kw_only=True)
class CloneRecipe:
    """The inputs of a clone template: the backup, the code that served it, the target build, and the rules."""

    backup: Backup
    build: Build
    neutralizers: Neutralizers
    masks: tuple[Script, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    coverage_fatal: bool = False

    @property
    def key(self) -> str:
        """Return the template's key: a hash of the backup's content and of everything that is done to it.

        The key covers every script that could run, because the installed modules are known only after the restore.
        """
        paths = self.neutralizers.addons_paths
        everything = sorted({addon.name for path in paths for addon in path.iterdir() if addon.is_dir()})
        parts = {
            "backup": [str(self.backup.id), self.backup.manifest_sha256],
            "scripts": [asdict(script) for script in self.neutralizers.scripts(everything)],
            "are_of_tables": self.neutralizers.are_of_tables,
            "masks": [asdict(script) for script in self.masks],
            "columns": dict(self.columns),
            "recipe": secrets.recipe().hex(),
        }
        return KEY_PREFIX + hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def coverage(self, installed: Sequence[str]) -> Coverage:
        """Return the neutralisation coverage of the installed modules.

        Raises:
            NotCovered: a module is uncovered and policy makes that fatal.
        """
        coverage = coverage_of(installed, self.neutralizers.addons_paths, self.build.addons_paths)
        missing = uncovered(coverage, self.build)
        if missing and self.coverage_fatal:
            raise NotCovered(
                f"nothing neutralises {', '.join(missing)}, and policy clone.coverage_fatal is on",
                hint="give each a data/neutralize.sql, empty where there is nothing to switch off",
            )
        return coverage


@dataclass(frozen=True, kw_only=True)
class CloneTemplate:
    """A sanitized database of production's data, its files, and the report of how it was sanitized."""

    key: str
    database_name: str
    filestore: Path
    coverage: Coverage
    report: Mapping[str, Any]
    is_new: bool


def clone_template(ctx: StepContext, recipe: CloneRecipe) -> CloneTemplate:
    """Return the clone template; a role of its own owns production's data until they are harmless."""
    scratch = scratch_name(ctx.environment, ctx.run)
    with undoing(ctx.log) as undo:
        undo.add(f"role {scratch}", lambda: ctx.databases.drop_role(scratch))
        ctx.databases.ensure_role(scratch)
        template = ensure_clone_template(ctx, recipe, scratch=scratch)
        undo.run()
    return template


def ensure_clone_template(ctx: StepContext, recipe: CloneRecipe, *, scratch: str) -> CloneTemplate:
    """Return the clone template; make it if there is none, in a database and with a role of the name `scratch`.

    Raises:
        SanitizationFailed: a script failed, or something harmful was left.
        NotCovered: an installed module has no neutralising script and policy makes that fatal.
        StepFailed: the backup could not be restored.
    """
    key, is_new = recipe.key, False
    lock = clone_template_lock(ctx.settings.home, ctx.project)
    with locked(lock, on_wait=lambda: ctx.log("info", "another run makes a clone template: waiting for it")):
        found = find_template(ctx, key)
        if found is None:
            found, is_new = _make(ctx, recipe, key, scratch), True
    verb = "made of" if is_new else "found for"
    ctx.log("info", f"clone template {found.database_name} {verb} backup {recipe.backup.id}")
    return CloneTemplate(
        key=key,
        database_name=found.database_name,
        filestore=template_filestore(ctx.settings.home, found.database_name),
        coverage=recipe.coverage(found.tests["modules"]),
        report=found.tests["report"],
        is_new=is_new,
    )


def uncovered(coverage: Coverage, build: Build) -> tuple[str, ...]:
    """Return the uncovered modules: those without code, and those without a script that are not Odoo's own."""
    others = [name for name in coverage.without_script if not modules.is_odoos(name, build.addons_paths)]
    return (*coverage.without_code, *coverage.own_without_script(others))


def retire_clone_templates(control: ControlPlane, *, now: datetime) -> list[str]:
    """Delete the rows of outdated clone templates and return their names; the janitor drops the databases."""
    rows = [row for row in control.templates.list() if row["key"].startswith(KEY_PREFIX)]
    good = {str(row["tests"]["backup_id"]) for row in rows if _is_good(control, row["tests"]["backup_id"])}
    names = outdated(rows, good, now=now)
    for name in names:
        control.templates.forget(name)
    return names


def outdated(rows: Sequence[Mapping[str, Any]], good: set[str], *, now: datetime) -> list[str]:
    """Return the clone templates to retire: the backup is no longer verified, unused for days, or one too many."""
    kept: Counter[tuple[str, bool]] = Counter()
    gone = []
    for row in sorted(rows, key=lambda row: row["last_used_at"], reverse=True):
        backup = row["tests"]["backup_id"]
        # Those on which an upgrade preview updated modules take no place from those that clones are made of.
        kind = (row["tests"]["project_id"], "updates" in row["tests"])
        is_used = now - row["last_used_at"] < timedelta(days=_UNUSED_DAYS)
        if backup in good and is_used and kept[kind] < _KEPT_PER_PROJECT:
            kept[kind] += 1
        else:
            gone.append(row["database_name"])
    return gone


def _make(ctx: StepContext, recipe: CloneRecipe, key: str, scratch: str) -> Template:
    """Restore the backup, sanitize it, then keep it as a template; on a failure nothing is left."""
    name = clone_template_name(key.removeprefix(KEY_PREFIX), ctx.run)
    require_server(ctx, recipe.build.series)
    files, kept = ctx.run_folder / f"clone-template-{ctx.run.attempt}", template_filestore(ctx.settings.home, name)
    with undoing(ctx.log) as undo:
        undo.add(f"folder {files}", lambda: shutil.rmtree(files, ignore_errors=True))
        undo.add(f"database {scratch}", lambda: retire_database(ctx.control, ctx.databases, scratch))
        _restore(ctx, recipe.backup, scratch, files)
        report = _sanitize(ctx, recipe, scratch, files)
        undo.add(f"folder {kept.parent}", lambda: shutil.rmtree(kept.parent, ignore_errors=True))
        undo.add(f"database {name}", lambda: retire_database(ctx.control, ctx.databases, name))
        ctx.databases.turn_into_template(scratch, name)
        kept.parent.mkdir(parents=True, exist_ok=True)
        files.rename(kept)
        ctx.control.templates.remember(
            ctx.fence,
            key=key,
            series=recipe.build.series,
            database_name=name,
            modules=report["modules"],
            tests=report,
        )
    return Template(key=key, database_name=name, tests=report)


def _restore(ctx: StepContext, backup: Backup, scratch: str, files: Path) -> None:
    """Restore the backup unchanged, database and files at the same time."""
    stored = open_backup(ctx, backup)
    ctx.databases.create(scratch, owner=scratch)
    loaded = load_backup(ctx, stored, ctx.databases.access(scratch, role=scratch), files)
    for gone in loaded.left_out:
        ctx.log("warn", f"left out: {gone}")
    size = f"{size_text(stored.manifest.dump_bytes)} of database, {size_text(stored.manifest.file_bytes)} of files"
    ctx.log("info", f"backup {backup.id} restored: {size}")


def _sanitize(ctx: StepContext, recipe: CloneRecipe, scratch: str, files: Path) -> dict[str, Any]:
    """Sanitize the restored database and return the facts that the template's row keeps."""
    access = ctx.databases.access(scratch, role=scratch)
    installed = neutralize.installed(module_states(access))
    if "base" not in installed:
        hint = "clone another: ops backup list"
        raise SanitizationFailed(f"backup {recipe.backup.id} holds no Odoo database", hint=hint)
    recipe.coverage(installed)
    report = sanitize(
        access,
        scripts=recipe.neutralizers.scripts(installed),
        masks=recipe.masks,
        progress=lambda line: ctx.log("debug", line),
        filestore=files,
        terms=Terms(columns=recipe.columns, is_of_tables=recipe.neutralizers.are_of_tables),
    )
    return {
        "backup_id": str(recipe.backup.id),
        "project_id": str(ctx.project.id),
        "modules": list(installed),
        "report": asdict(report),
    }


def _is_good(control: ControlPlane, backup_id: str) -> bool:
    try:
        return control.backups.get(UUID(backup_id)).status == "verified"
    except NotFound:
        return False
