"""Step `prod_clone`: a sanitized copy of production's data, for staging and for `clone` runs.

The environment's role may connect only after every check has passed; until then a scratch role owns the copy. The
source is a clone template, so the second clone of a backup takes only as long as copying files.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from odooops_dagster.errors import OdooOpsError, SanitizationFailed
from odooops_dagster.home import database_name, environment_url, filestore, role_name, scratch_name
from odooops_dagster.model import Backup, Build, CheckResult, CloneResult, DatabaseAccess, Table
from odooops_dagster.steps.clone.backup_of import backup_of
from odooops_dagster.steps.clone.masking import masking_hooks
from odooops_dagster.steps.clone.neutralizers import neutralizers_of
from odooops_dagster.steps.clone.template import (
    CloneRecipe,
    CloneTemplate,
    NotCovered,
    ensure_clone_template,
    uncovered,
)
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.files import copy_tree
from odooops_dagster.steps.core.undo import undoing
from odooops_dagster.steps.environment.clone_source import Source, age_of, find_source
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.tools.sanitize.pipeline import offenders, set_parameters
from odooops_dagster.wording import age_text, some_of

_SECONDS_PER_HOUR = 3600
_SHOWN = 10


def clone_production(ctx: StepContext, build: Build) -> CloneResult | None:
    """Clone production for the run's environment; return None if it gets no production data.

    Raises:
        StepFailed: no backup may be cloned, or it could not be restored; nothing was kept.
        Conflict: the backup is not verified, or its data may not go to this environment.
    """
    rules = ctx.control.policies.get(ctx.project.id, policy_type="clone")
    source = find_source(ctx, rules)
    if source is None:
        return None
    backup = backup_of(ctx, source)
    restore = ctx.control.backups.start_restore(ctx.fence, backup_id=backup.id, purpose="clone")
    backup = ctx.control.backups.get(restore.backup_id)  # an earlier attempt may have chosen another one
    try:
        recipe = clone_recipe(ctx, backup, build, rules, profile=restore.masking_profile)
        made = _clone(ctx, recipe)
    except (OdooOpsError, OSError) as exc:
        ctx.control.backups.end_restore(ctx.fence, error_message=str(exc))
        if isinstance(exc, (SanitizationFailed, NotCovered)):
            return _refused(ctx, backup, exc)
        raise
    result = _result(ctx, recipe, made, source.kind)
    _record(ctx, result, _report(ctx, recipe, made, source.kind))
    return result


def clone_recipe(
    ctx: StepContext, backup: Backup, build: Build, rules: Mapping[str, Any], *, profile: str | None = None
) -> CloneRecipe:
    """Return how the backup is made harmless for the build; `rules` are those of policy clone.

    Raises:
        StepFailed: a masking hook is missing.
    """
    return CloneRecipe(
        backup=backup,
        build=build,
        neutralizers=neutralizers_of(ctx, backup, build),
        masks=masking_hooks(ctx, build.source.path, rules["masking_hooks"], profile=profile),
        columns=rules["columns"],
        coverage_fatal=rules["coverage_fatal"],
    )


def _clone(ctx: StepContext, recipe: CloneRecipe) -> CloneTemplate:
    """Copy the clone template under the environment's name, verify it, and hand it to the environment's role."""
    name, role = database_name(ctx.environment, ctx.run), role_name(ctx.environment)
    scratch, files = scratch_name(ctx.environment, ctx.run), filestore(ctx.settings.home, ctx.environment, name)
    with undoing(ctx.log) as undo:
        undo.add(f"role {scratch}", lambda: ctx.databases.drop_role(scratch))
        ctx.databases.ensure_role(scratch)
        template = ensure_clone_template(ctx, recipe, scratch=scratch)
        undo.add(f"database {name}", lambda: retire_database(ctx.control, ctx.databases, name))
        undo.add(f"folder {files}", lambda: shutil.rmtree(files, ignore_errors=True))
        copy_template(
            ctx, template, name, owner=scratch, files=files, url=environment_url(ctx.settings, ctx.environment)
        )
        ctx.databases.ensure_role(role)
        ctx.databases.hand_over(name, to=role)
    with suppress(OdooOpsError):  # the janitor tries again
        ctx.databases.drop_role(scratch)
    return template


def copy_template(ctx: StepContext, template: CloneTemplate, name: str, *, owner: str, files: Path, url: str) -> None:
    """Create the database and the folder as a copy of the template with an identity of its own, and verify it.

    Raises:
        SanitizationFailed: the copy is not harmless; the caller must drop it.
    """
    ctx.databases.create(name, owner=owner, template=template.database_name)
    make_distinct(ctx.databases.access(name, role=owner), template, url=url)
    copy_tree(template.filestore, files)


def make_distinct(access: DatabaseAccess, template: CloneTemplate, *, url: str) -> None:
    """Give a copy of the template an identity of its own, and ask once more whether it is harmless.

    Raises:
        SanitizationFailed: it is not.
    """
    set_parameters(access, _identity(url))
    if found := offenders(access):
        raise SanitizationFailed(f"the copy of {template.database_name} is not harmless: {'; '.join(found)}")


def _record(ctx: StepContext, result: CloneResult, report: Mapping[str, Any]) -> None:
    """Record the finished clone and its report in its row and as evidence of the run."""
    ctx.control.backups.end_restore(ctx.fence, database_name=result.name, report=report)
    ctx.keep("clone.json", json.dumps(report, indent=1).encode())


def _identity(url: str) -> dict[str, str | None]:
    """Return the system parameters that distinguish this copy from other copies, and its links from production's."""
    return {
        "database.uuid": str(uuid4()),
        "database.secret": str(uuid4()),
        "web.base.url": url.rstrip("/"),
        "web.base.url.freeze": None,
        "report.url": None,
    }


def _result(ctx: StepContext, recipe: CloneRecipe, made: CloneTemplate, source: Source) -> CloneResult:
    return CloneResult(
        name=database_name(ctx.environment, ctx.run),
        run_id=ctx.run.id,
        attempt=ctx.run.attempt,
        backup_id=recipe.backup.id,
        origin=_origin(recipe.backup),
        checks=(_sanitized(made.report), _covered(recipe, made)),
        metadata=_metadata(recipe, made) | {"source": source},
        data_version=f"{recipe.backup.id}:{made.key.rpartition(':')[2][:16]}",
    )


def _refused(ctx: StepContext, backup: Backup, error: SanitizationFailed | NotCovered) -> CloneResult:
    """Return the result of a clone that was dropped again, with the reason as a failed check."""
    name = "clone_harmless" if isinstance(error, SanitizationFailed) else "neutralization_coverage"
    hint = {"hint": error.hint} if error.hint else {}
    return CloneResult(
        name=None,
        run_id=ctx.run.id,
        attempt=ctx.run.attempt,
        backup_id=backup.id,
        origin=_origin(backup),
        checks=(CheckResult(name=name, passed=False, summary=str(error), metadata=hint),),
        metadata={"backup": str(backup.id), "data": _origin(backup), **hint},
        data_version="",
    )


def _sanitized(report: Mapping[str, Any]) -> CheckResult:
    counts = {
        "neutralized": len(report["neutralized"]),
        "masked": len(report["masked"]),
        "scrubbed": sum(report["scrubbed"].values()),
        "questions": len(report["questions"]),
        "searched_for": report["searched_for"],
    }
    summary = (
        f"{counts['questions']} questions answered well after {counts['neutralized']} neutralising script(s),"
        f" {counts['scrubbed']} scrubbed value(s) and {counts['masked']} mask(s);"
        f" {counts['searched_for']} secret(s) of production searched for in every text"
    )
    details = {name: list(report[name]) for name in ("skipped", "kept", "rules_without_column") if report[name]}
    if "skipped" in details:
        summary += f"; {len(details['skipped'])} statement(s) are for tables or columns that come with the update"
    if "kept" in details:
        summary += f"; policy clone.columns leaves as production's: {', '.join(details['kept'])}"
    return CheckResult(name="clone_harmless", passed=True, summary=summary, metadata=counts | details)


def _covered(recipe: CloneRecipe, made: CloneTemplate) -> CheckResult:
    missing = uncovered(made.coverage, recipe.build)
    counts = {
        "neutralized": len(made.coverage.neutralized),
        "without_script": len(made.coverage.without_script),
        "without_code": len(made.coverage.without_code),
    }
    summary = (
        f"nothing neutralises {some_of(missing, _SHOWN)}"
        if missing
        else "every module of others than Odoo brings its script"
    )
    if kept := made.report["kept"]:
        summary += f"; policy clone.columns keeps {', '.join(kept)}"
    return CheckResult(
        name="neutralization_coverage",
        passed=not missing,
        summary=summary,
        blocking=recipe.coverage_fatal,
        metadata={**counts, "uncovered": list(missing)},
    )


def _metadata(recipe: CloneRecipe, made: CloneTemplate) -> dict[str, Any]:
    modules = [
        {"module": name, "neutralization": coverage}
        for coverage, names in (
            ("its code is missing", made.coverage.without_code),
            ("no script", made.coverage.without_script),
            ("script", made.coverage.neutralized),
        )
        for name in names
    ]
    return {
        "data": _origin(recipe.backup),
        "backup": str(recipe.backup.id),
        "taken_at": recipe.backup.taken_at,
        "age_hours": _hours(recipe.backup),
        "clone_template": made.database_name,
        "clone_template_is_new": made.is_new,
        "neutralized_by": recipe.neutralizers.origin,
        "masks": [script.name for script in recipe.masks],
        "modules": Table.of(modules),
        "masked": Table.of({"table": name, "rows": n} for name, n in made.report["masked_tables"].items()),
        "scrubbed": Table.of({"what": name, "rows": n} for name, n in made.report["scrubbed"].items()),
        "looks_random": Table.of({"column": name} for name in made.report["suspects"]),
    }


def _report(ctx: StepContext, recipe: CloneRecipe, made: CloneTemplate, source: Source) -> Mapping[str, Any]:
    """Return the report for the restore's row: the clone's source, and what was done to the data."""
    return {
        "source": source,
        "backup_id": str(recipe.backup.id),
        "backup_taken_at": recipe.backup.moment.isoformat(),
        "backup_age_hours": _hours(recipe.backup),
        "masking_profile": [script.name for script in recipe.masks],
        "neutralized_by": recipe.neutralizers.origin,
        "clone_template": made.database_name,
        "clone_template_is_new": made.is_new,
        "environment": ctx.environment.partition_key,
        "coverage": {
            "without_script": list(made.coverage.without_script),
            "without_code": list(made.coverage.without_code),
            "uncovered": list(uncovered(made.coverage, recipe.build)),
        },
        **made.report,
    }


def _origin(backup: Backup) -> str:
    moment = f"{backup.moment:%Y-%m-%d %H:%M} UTC"
    return f"backup {backup.id} of {backup.stage}, taken {moment}, {age_text(age_of(backup))} old"


def _hours(backup: Backup) -> float:
    return round(age_of(backup).total_seconds() / _SECONDS_PER_HOUR, 2)
