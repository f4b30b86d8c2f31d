"""Update the modules of a database within the time that policy allows, and name who held the update up."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from odooops_dagster.model import Build, CheckResult
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.install import Installed, Target
from odooops_dagster.steps.environment.update import Changes, update_modules
from odooops_dagster.steps.release.locks import watching_locks
from odooops_dagster.tools.project_file import settings_of

Update = Callable[[StepContext], tuple[Installed | None, Sequence[CheckResult]]]


def target_of(build: Build, *, name: str, role: str, data: Path | None = None) -> Target:
    """Return the database to update, without demo data; `data` is Odoo's data_dir if it is not the environment's."""
    return Target(
        name=name,
        role=role,
        build=build,
        demo=False,
        today=datetime.now(tz=UTC).date(),
        quiet=settings_of(build.source).log_allow,
        data=data,
    )


def modules_of(target: Target, changes: Changes) -> Update:
    """Return the update of the changed modules, without tests."""

    def update(within: StepContext) -> tuple[Installed, Sequence[CheckResult]]:
        installed = update_modules(within, target, changes, log="promotion")
        return installed, installed.checks

    return update


def update_in_time(ctx: StepContext, target: Target, update: Update) -> tuple[CheckResult, ...]:
    """Update within policy `promotion.update_minutes`, keep the log, and see what the update waits for."""
    rules = ctx.control.policies.get(ctx.project.id, policy_type="promotion")
    seconds = min(60.0 * int(rules["update_minutes"]), ctx.settings.odoo_timeout_seconds)
    within = replace(ctx, settings=ctx.settings.model_copy(update={"odoo_timeout_seconds": seconds}))
    with watching_locks(ctx, target.access(ctx)) as watch:
        installed, checks = update(within)
    if installed is not None:
        _keep_evidence(ctx, installed)
    return watch.explain(checks)


def _keep_evidence(ctx: StepContext, installed: Installed) -> None:
    modules = json.dumps(installed.module_states, indent=1).encode()
    for key, data, kind in (
        ("promotion.log", installed.log, "text/plain"),
        ("modules.json", modules, "application/json"),
    ):
        ctx.keep(key, data, content_type=kind)
