"""Step `database`: a new database for this run with the repository's modules installed and tested.

Databases are never reused between builds: the running preview keeps its own until the new one has passed its checks.
If the run cloned production, that clone is the database, updated to the build's modules and sanitized again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from odooops_dagster.errors import StepFailed
from odooops_dagster.home import database_name, role_name
from odooops_dagster.kinds import KINDS
from odooops_dagster.model import Build, CheckResult, CloneResult, Table, blocking_failure
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.server import require_server
from odooops_dagster.steps.core.undo import undoing
from odooops_dagster.steps.environment.baseline import ODOOS_ERRORS, errors_of_odoo_alone
from odooops_dagster.steps.environment.clone_source import wants_clone
from odooops_dagster.steps.environment.install import Installed, Learn, Target, install, odoo_config
from odooops_dagster.steps.environment.production import refuse_replacement, start_clean
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.environment.templates import (
    Template,
    are_odoos_own,
    find_template,
    keep_template,
    start_from_template,
    template_key,
)
from odooops_dagster.steps.environment.untested import recall_untested
from odooops_dagster.steps.environment.update import keep_checksums, update_clone
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.odoo.judge import judge_copy
from odooops_dagster.tools.odoo.untested import to_record
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.project_file import settings_of


@dataclass(frozen=True, kw_only=True)
class DatabaseResult:
    """The database built; `name` is None if a blocking check failed and the database was dropped again."""

    name: str | None
    run_id: UUID
    attempt: int
    role: str
    checks: tuple[CheckResult, ...]
    metadata: Mapping[str, Any]
    data_version: str


def build_database(ctx: StepContext, build: Build, clone: CloneResult | None = None) -> DatabaseResult:
    """Build the run's database, from the run's clone of production if there is one, and run its three checks.

    Raises:
        StepFailed: the database could not be built at all; a module that does not install is a failed check instead.
    """
    _refuse_another_runs(ctx, clone)
    require_server(ctx, build.series)
    deploys = KINDS[ctx.run.kind].effect != "none"
    if deploys:
        refuse_replacement(ctx, database_name(ctx.environment, ctx.run))
    is_production = ctx.environment.stage == "production"
    target = Target(
        name=database_name(ctx.environment, ctx.run),
        role=role_name(ctx.environment),
        build=build,
        demo=_wants_demo(ctx, build) and not is_production,
        today=datetime.now(tz=UTC).date(),
        quiet=settings_of(build.source).log_allow,
    )
    with undoing(ctx.log) as undo:
        ctx.databases.ensure_role(target.role)
        undo.add(f"database {target.name}", lambda: retire_database(ctx.control, ctx.databases, target.name))
        template, checks = _fill(ctx, target) if clone is None else (None, _update(ctx, target))
        passed = all(check.passed for check in checks if check.blocking)
        if not passed:
            undo.run()
        elif is_production and deploys:
            start_clean(ctx, target)
            keep_checksums(target.access(ctx), target.build)
            template = None
    return DatabaseResult(
        name=target.name if passed else None,
        run_id=ctx.run.id,
        attempt=ctx.run.attempt,
        role=target.role,
        checks=tuple(checks),
        metadata=_metadata(target, template, checks, clone),
        data_version=_closure_key(ctx, target)
        if clone is None
        else f"{_closure_key(ctx, target)}:{clone.data_version}",
    )


def _wants_demo(ctx: StepContext, build: Build) -> bool:
    wanted = settings_of(build.source).odoo.demo
    return bool(ctx.project.config.get("demo", False)) if wanted is None else wanted


def _refuse_another_runs(ctx: StepContext, clone: CloneResult | None) -> None:
    """Refuse a clone of another run or attempt, which may be serving by now, and refuse a missing clone."""
    hint = "materialize prod_clone and database together, or queue the branch: ops run create"
    if clone is None and wants_clone(ctx):
        raise StepFailed(
            f"{ctx.environment.partition_key} gets a clone of production, and this run made none", hint=hint
        )
    if clone is not None and (clone.run_id, clone.attempt) != (ctx.run.id, ctx.run.attempt):
        raise StepFailed("the clone was made by another run, and no database is used twice", hint=hint)


def _fill(ctx: StepContext, target: Target) -> tuple[Template | None, Sequence[CheckResult]]:
    """Copy the template with the same content, or install on top of the dependencies' template."""
    twin = find_template(ctx, _closure_key(ctx, target))
    if twin is None:
        return None, _install(ctx, target)
    start_from_template(ctx, twin, target.name, role=target.role)
    ctx.log("info", f"database {target.name}: copied from template {twin.database_name}")
    states = module_states(target.access(ctx))
    untested = recall_untested(ctx, target.build, odoo_config(ctx, target), access=target.access(ctx), tests=twin.tests)
    tests = {**twin.tests, "untested": to_record(untested)}
    _keep_evidence(ctx, {"tests.json": _as_file(tests), "modules.json": _as_file(states)})
    return twin, judge_copy(states, target.build.modules, tests, tested=target.build.source.modules)


def _update(ctx: StepContext, target: Target) -> Sequence[CheckResult]:
    """Update the clone to the build's modules and return the checks."""
    rules = ctx.control.policies.get(ctx.project.id, policy_type="clone")
    installed, checks = update_clone(ctx, target, run_tests=rules["run_tests"])
    if installed is not None:
        _keep_log(ctx, installed)
    else:
        _keep_evidence(ctx, {"modules.json": _as_file(module_states(target.access(ctx)))})
    return checks


def _install(ctx: StepContext, target: Target) -> Sequence[CheckResult]:
    dependencies = _dependencies(target.build)
    odoos_errors: Sequence[str] = ()
    if dependencies:
        odoos_errors = _provide(ctx, _without_own(target), dependencies)
    else:
        ctx.databases.create(target.name, owner=target.role)
    own, tested = target.build.modules, target.build.source.modules
    installed = install(
        ctx, target, names=own, tests=tested, log="build", odoos_errors=odoos_errors, learn=_learn(ctx, target)
    )
    _keep_log(ctx, installed)
    if all(check.passed for check in installed.checks if check.blocking):
        keep_checksums(target.access(ctx), target.build)
        keep_template(ctx, _closure_key(ctx, target), target.name, target.build, tests=installed.tests)
    return installed.checks


def _provide(ctx: StepContext, target: Target, names: Sequence[str]) -> Sequence[str]:
    """Create the database without the repository's own modules: copy a template, or install now and keep a template.

    Return the signatures of the errors that Odoo's own modules log by themselves.

    Raises:
        StepFailed: a dependency does not install, or one of the repository's own modules was installed with them.
    """
    key = template_key(
        target.build,
        names,
        project=ctx.project.id,
        visible=target.visible_paths,
        demo=target.demo,
        languages=target.settings.odoo.languages,
        judged=target.settings.judged(target.today, with_tests=False),
    )
    found = find_template(ctx, key)
    if found is not None:
        start_from_template(ctx, found, target.name, role=target.role)
        ctx.log("info", f"dependencies: copied from template {found.database_name}")
        return found.tests.get(ODOOS_ERRORS) or ()
    is_odoo_alone = are_odoos_own(names, target.visible_paths)
    learn = None if is_odoo_alone else _learn(ctx, target)
    ctx.databases.create(target.name, owner=target.role)
    # All that Odoo's own modules log is kept with their template, which other projects use too.
    quiet = () if is_odoo_alone else target.quiet
    installed = install(ctx, replace(target, quiet=quiet), names=names, tests=(), log="dependencies", learn=learn)
    _keep_evidence(ctx, {"dependencies.log": (installed.log, "text/plain")})
    errors = installed.errors if is_odoo_alone else installed.odoos_errors
    # An error that Odoo's own modules log is nobody's fault who pushes; that they are installed has its own check.
    failed = blocking_failure(check for check in installed.checks if not (is_odoo_alone and check.name == "log_clean"))
    if failed is not None:
        raise StepFailed(f"the modules that yours depend on do not install: {failed.summary}")
    for error in errors:
        ctx.log("warn", f"Odoo's own modules log this without yours: {error}")
    _refuse_own(installed.module_states, target.build)
    keep_template(ctx, key, target.name, target.build, tests={ODOOS_ERRORS: list(errors)})
    return errors


def _learn(ctx: StepContext, target: Target) -> Learn:
    return lambda: errors_of_odoo_alone(ctx, target)


def _dependencies(build: Build) -> list[str]:
    """Return the modules that depend on none of the repository's own modules; the others are installed later."""
    own = _own(build)
    return [name for name in build.closure if not modules.depends_on(name, own, build.addons_paths)]


def _without_own(target: Target) -> Target:
    """Hide the repository's own modules from Odoo: an auto-installed one would get into a shared template, untested.

    `--skip-auto-install` would also leave out auto-installed modules of Odoo that every installed Odoo has.
    """
    build = target.build
    hidden = modules.folders_of(_own(build), build.addons_paths)
    return replace(target, addons_paths=tuple(path for path in build.addons_paths if path not in hidden))


def _own(build: Build) -> frozenset[str]:
    """Return the repository's own modules, with those that are left out and needed by another.

    `build.modules` names one of Odoo's if there are none.
    """
    own = frozenset(build.source.modules)
    folders = modules.folders_of(own, build.addons_paths)
    return own | {name for name in build.closure if modules.folders_of([name], build.addons_paths) & folders}


def _refuse_own(states: Mapping[str, str], build: Build) -> None:
    """Refuse a template in which one of the repository's own modules is installed already."""
    found = sorted(name for name in _own(build) if states.get(name) == "installed")
    if found:
        raise StepFailed(
            f"{', '.join(found)} came in with the modules that yours depend on",
            hint="an addons path holds it a second time: remove it from requirements.txt or from the submodule",
        )


def _closure_key(ctx: StepContext, target: Target) -> str:
    build = target.build
    return template_key(
        build,
        build.closure,
        project=ctx.project.id,
        tested=build.source.modules,
        demo=target.demo,
        languages=target.settings.odoo.languages,
        options=target.settings.odoo_of(ctx.environment.stage),
        judged=target.settings.judged(target.today),
    )


def _keep_log(ctx: StepContext, installed: Installed) -> None:
    _keep_evidence(
        ctx,
        {
            "build.log": (installed.log, "text/plain"),
            "tests.json": _as_file(installed.tests),
            "modules.json": _as_file(installed.module_states),
        },
    )


def _as_file(value: Mapping[str, Any]) -> tuple[bytes, str]:
    return json.dumps(value, indent=1).encode(), "application/json"


def _keep_evidence(ctx: StepContext, files: Mapping[str, tuple[bytes, str]]) -> None:
    for key, (data, content_type) in files.items():
        ctx.keep(key, data, content_type=content_type)


def _metadata(
    target: Target, template: Template | None, checks: Sequence[CheckResult], clone: CloneResult | None
) -> Mapping[str, Any]:
    build = target.build
    installed = "none: installed in this run" if clone is None else "none: a clone of production"
    return {
        "database": target.name,
        "data": clone.origin if clone else None,
        "template": template.database_name if template else installed,
        "modules": Table.of({"module": module, "own": module in build.modules} for module in build.closure),
        "module_count": len(build.closure),
        "tests": next((c.metadata.get("total") for c in checks if c.name == "module_tests_passed"), None),
        "checks": Table.of({"check": c.name, "passed": c.passed, "summary": c.summary} for c in checks),
    }
