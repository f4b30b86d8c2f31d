"""Engine `openupgrade`: from one series to the next with OpenUpgrade's framework and scripts, step by step.

Each step runs the Odoo of its series in an environment of its own, to which pip adds OpenUpgrade's two packages; they
are AGPL-3 and never a dependency of the platform. Only the last step has the project's own modules.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from odooops_dagster.control.advisories import steps
from odooops_dagster.errors import StepFailed
from odooops_dagster.files import write_whole
from odooops_dagster.model import Build, CheckResult, Job
from odooops_dagster.steps.build.packages import package_sandbox
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.confinement import confined, from_inside, home_of
from odooops_dagster.steps.upgrade.plan import UpgradePlan, UpgradeStage
from odooops_dagster.tools.odoo import commands, distribution, environment, modules
from odooops_dagster.tools.odoo import log as odoo_log
from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.odoo.judge import judge
from odooops_dagster.tools.odoo.openupgrade_log import hidden_messages
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.postgres.leftovers import find_leftovers
from odooops_dagster.tools.project_file import OdooOptions, settings_of
from odooops_dagster.tools.runtime.ports import free_port
from odooops_dagster.wording import some_of

LEFTOVERS = "openupgrade_leftovers"
_SHOWN, _RECORDED = 3, 200


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One step: its build has the Odoo of the series and, in the last step, the project's modules."""

    build: Build
    scripts: Path
    is_last: bool


class OpenUpgrade:
    """Brings a database to the next series, and to the one after it, until the target's is reached."""

    name = "openupgrade"

    def why_not(self, ctx: StepContext, plan: UpgradePlan) -> str | None:
        """Return why this engine cannot be used: the series are the same, or one on the way is not to be had here."""
        old, new = plan.source.series, plan.target.series
        if odoo_series.number(old) >= odoo_series.number(new):
            return f"OpenUpgrade leads to newer series, and {old} to {new} is none: choose --engine same_series"
        for _, series in steps(old, new):
            if series not in odoo_series.known():
                return f"this platform does not know Odoo {series} yet, which is on the way from {old} to {new}"
            if (
                series != new
                and distribution.find(series, ctx.settings.cache_home, odoo_path=ctx.settings.odoo_path) is None
            ):
                return (
                    f"Odoo {series} is on the way from {old} to {new} and not installed: ops odoo install {series}, "
                    "or name its folder in ODOOOPS_ODOO_PATH"
                )
        return None

    def stages(self, ctx: StepContext, plan: UpgradePlan) -> Iterator[UpgradeStage]:
        """Yield a part for each series; the first that fails is the last."""
        deadline = time.monotonic() + plan.budget_seconds
        for old, new in steps(plan.source.series, plan.target.series):
            step = prepare(ctx, plan, new)
            started = time.monotonic()
            log_path = ctx.run_folder / f"upgrade-{new}-{ctx.run.attempt}.log"
            checks = run_step(ctx, plan, step, log_path=log_path, seconds=deadline - started)
            yield UpgradeStage(
                name=f"{old} to {new}",
                seconds=round(time.monotonic() - started, 3),
                log_path=log_path,
                checks=checks,
            )
            if any(check.blocking and not check.passed for check in checks):
                return


def prepare(ctx: StepContext, plan: UpgradePlan, series: str) -> _Step:
    """Return the step to the series, with its Odoo and OpenUpgrade installed.

    Raises:
        StepFailed: the package index has no OpenUpgrade of this series.
        MissingDependency: this Odoo is not to be had here.
    """
    is_last = series == plan.target.series
    odoo = distribution.install(
        series,
        home=ctx.settings.cache_home,
        odoo_path=ctx.settings.odoo_path,
        git_url=ctx.settings.odoo_git_url,
        progress=lambda line: ctx.log("info", line),
    )
    requirements = plan.folder / f"openupgrade-{series}.txt"
    write_whole(requirements, "".join(f"{line}\n" for line in odoo_series.series(series).upgrade.openupgrade).encode())
    python = environment.overlay(
        odoo,
        # The project's own were vetted when the target was built.
        requirements=(*(plan.target.source.requirements if is_last else ()), requirements),
        packages=plan.target.source.python_packages if is_last else (),
        home=ctx.settings.cache_home,
        confine=package_sandbox(ctx.settings, plan.target.source),
        progress=lambda line: ctx.log("info", line),
    )
    own = plan.target.source.addons_paths if is_last else ()
    scripts = [path / odoo_series.series(series).upgrade.scripts for path in python.addons_paths]
    found = next((path for path in scripts if path.is_dir()), None)
    if found is None:
        raise StepFailed(f"OpenUpgrade of {series} has no scripts where they are expected: {scripts}")
    build = replace(
        plan.target,
        series=series,
        odoo_revision=odoo.revision,
        python=python.python,
        python_digest=python.digest,
        addons_paths=(*own, *python.addons_paths, *odoo.addons_paths),
    )
    return _Step(build=build, scripts=found, is_last=is_last)


def run_step(
    ctx: StepContext, plan: UpgradePlan, step: _Step, *, log_path: Path, seconds: float
) -> tuple[CheckResult, ...]:
    """Run Odoo with OpenUpgrade on the copy and return its checks; the last one names what the framework hides."""
    access = plan.access(ctx)
    config = ctx.run_folder / f"openupgrade-{step.build.series}.conf"
    write_whole(config, _config(ctx, plan, step).encode())
    job = Job(
        name=f"upgrade-{ctx.run.id.hex[:8]}-{ctx.run.attempt}",
        argv=commands.series_upgrade_command(step.build, config, scripts=step.scripts),
        cwd=home_of(plan.data),
        sandbox=confined(ctx.settings, step.build, config=config, data=plan.data, access=access),
        # Otherwise it marks every module as one without demo data.
        env={"OPENUPGRADE_USE_DEMO": "yes"},
        log_path=log_path,
        timeout_seconds=max(1.0, seconds),
        memory_mb=ctx.settings.odoo_memory_mb,
    )
    result = ctx.runtime.execute(job, on_line=_narrate(ctx))
    log = odoo_log.OdooLog.read(log_path, quiet=settings_of(plan.target.source).log_allow)
    states = module_states(access)
    today = datetime.now(tz=UTC).date()
    if not step.is_last:
        # The project's modules have no code on the way: Odoo leaves them to the step that brings it, and says so.
        states = {name: state for name, state in states.items() if modules.find(name, step.build.addons_paths)}
    wanted = plan.target.modules if step.is_last else ("base",)
    checks = judge(result, log, states, wanted=wanted, tested=(), today=today)
    if not step.is_last:
        checks = [replace(check, blocking=check.blocking and check.name == "modules_installed") for check in checks]
    return (*checks, _leftovers(plan, step, ctx, log_path))


def _config(ctx: StepContext, plan: UpgradePlan, step: _Step) -> str:
    more = settings_of(plan.target.source).odoo_of(ctx.environment.stage) if step.is_last else OdooOptions()
    loads = odoo_series.series(step.build.series).upgrade.loads
    return commands.config_file(
        from_inside(ctx.settings, plan.access(ctx)),
        data_dir=plan.data,
        addons_paths=step.build.addons_paths,
        port=free_port(),
        memory_mb=ctx.settings.odoo_memory_mb,
        series=step.build.series,
        more=more.model_copy(update={"server_wide_modules": (*more.server_wide_modules, *loads)}),
    )


def _leftovers(plan: UpgradePlan, step: _Step, ctx: StepContext, log_path: Path) -> CheckResult:
    """Return what the framework keeps or hides: columns, tables, broken views, records that could not be deleted."""
    known = {name for path in step.build.addons_paths for name in modules.installable(path)}
    left = find_leftovers(plan.access(ctx), modules=known)
    hidden = hidden_messages(log_path)
    found: Mapping[str, tuple[str, ...]] = {
        "columns without a field": left.columns,
        "tables without a model": left.tables,
        "installed modules without code": left.without_code,
        "views that cannot be shown": hidden.views,
        "records that could not be deleted": hidden.records,
    }
    told = [f"{len(names)} {what} ({some_of(names, _SHOWN)})" for what, names in found.items() if names]
    return CheckResult(
        name=LEFTOVERS,
        passed=not told,
        summary="; ".join(told) or "OpenUpgrade left nothing behind",
        blocking=False,
        metadata={
            **{what.replace(" ", "_"): list(names[:_RECORDED]) for what, names in found.items()},
            "modules_with_demo_data": list(left.demo_modules[:_RECORDED]),
        },
    )


def _narrate(ctx: StepContext) -> odoo_log.OnLine:
    def on_line(line: str) -> None:
        notice = odoo_log.progress_notice(line)
        if notice is not None:
            ctx.log(notice.level, notice.message)

    return on_line
