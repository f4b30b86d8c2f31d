"""Engine `upgrade_service`: a service such as Odoo's upgrades a dump, and the target's code updates its own modules."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from odooops_dagster.errors import BadInput, StepFailed
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import CheckResult
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.install import update
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.environment.update import sanitize_again
from odooops_dagster.steps.upgrade.engines.same_series import target_of
from odooops_dagster.steps.upgrade.plan import UpgradePlan, UpgradeStage
from odooops_dagster.steps.upgrade.service_client import Answer, ask_service
from odooops_dagster.tools.backup.loading import load
from odooops_dagster.tools.backup.returned import ReturnedDump, returned_dump
from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.postgres.contents import module_states, read_rows
from odooops_dagster.tools.runtime.sandbox.accounts import give_like

CHECK = "upgrade_service"
_SETTING = "ODOOOPS_UPGRADE_CLIENT"
_BASE = "select coalesce(latest_version, '') as version from public.ir_module_module where name = 'base'"
_AGAIN = "preview again; if it stays so, ask the service"


class UpgradeService:
    """Sends the copy's database away as a dump, and loads what comes back in its place."""

    name = "upgrade_service"

    def why_not(self, ctx: StepContext, plan: UpgradePlan) -> str | None:
        """Return why this engine cannot be used: the series are the same, or no client is named that can be run."""
        old, new = plan.source.series, plan.target.series
        if odoo_series.number(old) >= odoo_series.number(new):
            return f"an upgrade service leads to newer series, and {old} to {new} is none: choose --engine same_series"
        program = ctx.settings.upgrade_client
        if program is None:
            return f"no client of an upgrade service is named: set {_SETTING} to its program"
        if not program.is_absolute() or not program.is_file() or not os.access(program, os.X_OK):
            return f"{program} is no program that can be run: name an executable file by its whole path in {_SETTING}"
        return None

    def stages(self, ctx: StepContext, plan: UpgradePlan) -> Iterator[UpgradeStage]:
        """Yield the service's part, the load of what came back, and the update of the target's own modules."""
        answer, stage = _ask(ctx, plan)
        yield stage
        if answer.refusal is not None:
            return
        started = time.monotonic()
        check = _take_in(ctx, plan, answer.result)
        yield UpgradeStage(name="load", seconds=_since(started), checks=(check,))
        if check.passed:
            yield from _update_own(ctx, plan)


def _ask(ctx: StepContext, plan: UpgradePlan) -> tuple[Answer, UpgradeStage]:
    program = ctx.settings.upgrade_client
    assert program is not None  # noqa: S101 - why_not refuses it
    started = time.monotonic()
    log_path = ctx.run_folder / f"upgrade-service-{ctx.run.attempt}.log"
    answer = ask_service(
        ctx,
        plan.access(ctx),
        program=program,
        series=plan.target.series,
        folder=plan.folder / "service",
        log_path=log_path,
    )
    refused = () if answer.refusal is None else (_check(f"the service refuses: {answer.refusal}", passed=False),)
    return answer, UpgradeStage(name="service", seconds=_since(started), log_path=log_path, checks=refused)


def _take_in(ctx: StepContext, plan: UpgradePlan, path: Path) -> CheckResult:
    """Load what came back in the place of the copy's database, and return whether it is of the target's series.

    Raises:
        StepFailed: it cannot be loaded, or cannot be made harmless.
    """
    try:
        found = returned_dump(path)
        _load(ctx, plan, found)
        _add_files(plan, found)
    except (BadInput, StepFailed) as exc:
        raise StepFailed(f"what the upgrade service returned cannot be loaded: {exc}", hint=_AGAIN) from exc
    # The service's scripts may switch on what was off.
    sanitize_again(ctx, target_of(plan), module_states(plan.access(ctx)), is_updated=False)
    version = next((row["version"] for row in read_rows(plan.access(ctx), _BASE)), "")
    if not version.startswith(f"{plan.target.series}."):
        return _check(f"the database came back with base {version or 'of no version'}", passed=False)
    return _check(f"the database came back with base {version}", passed=True)


def _load(ctx: StepContext, plan: UpgradePlan, found: ReturnedDump) -> None:
    retire_database(ctx.control, ctx.databases, plan.database)
    ctx.databases.create(plan.database, owner=plan.database)
    programs = pg_programs(ctx.settings)
    loaded = load(plan.access(ctx), found.blocks, dump_format=found.dump_format, programs=programs)
    for gone in loaded.left_out:
        ctx.log("warn", f"left out of what came back: {gone}")


def _add_files(plan: UpgradePlan, found: ReturnedDump) -> None:
    """Put the attachments that came with the dump beside the copy's; a file's name is its hash."""
    filestore = plan.data / "filestore" / plan.database
    folder = plan.folder / "service-files"
    shutil.rmtree(folder, ignore_errors=True)
    for name in found.unpack(folder):
        target = filestore / name
        if not target.exists():
            if not target.parent.is_dir():
                target.parent.mkdir(parents=True)
                give_like(target.parent, filestore)
            (folder / name).rename(target)
            give_like(target, filestore)


def _update_own(ctx: StepContext, plan: UpgradePlan) -> Iterator[UpgradeStage]:
    """Yield the update of the project's own modules, which no service knows, and the installation of new ones."""
    states = module_states(plan.access(ctx))
    there = {name for name, state in states.items() if state in {"installed", "to upgrade", "to install"}}
    names = sorted(there & set(plan.target.source.modules))
    new = sorted(set(plan.target.modules) - there)
    if not names and not new:
        return
    started = time.monotonic()
    seconds = min(plan.budget_seconds, ctx.settings.odoo_timeout_seconds)
    within = replace(ctx, settings=ctx.settings.model_copy(update={"odoo_timeout_seconds": seconds}))
    done = update(within, target_of(plan), names=names, new=new, tests=(), log="upgrade")
    yield UpgradeStage(name="own modules", seconds=_since(started), log_path=done.log_path, checks=done.checks)


def _check(summary: str, *, passed: bool) -> CheckResult:
    return CheckResult(name=CHECK, passed=passed, summary=summary, blocking=True)


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
