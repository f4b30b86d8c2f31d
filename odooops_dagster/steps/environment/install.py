"""Run one Odoo command that installs or updates modules of a database, and check its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odooops_dagster.files import write_whole
from odooops_dagster.home import data_folder
from odooops_dagster.model import Build, CheckResult, Job
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.confinement import confined, home_of
from odooops_dagster.tools.odoo import commands, modules
from odooops_dagster.tools.odoo import log as odoo_log
from odooops_dagster.tools.runtime.ports import free_port


@dataclass(frozen=True, kw_only=True)
class Target:
    """The database being built: its name, its role, its build, with or without demo data.

    `addons_paths` are the folders in which Odoo looks for modules, in the build's order; empty means all of them.
    """

    name: str
    role: str
    build: Build
    demo: bool
    addons_paths: tuple[Path, ...] = ()

    @property
    def visible_paths(self) -> tuple[Path, ...]:
        """Return the folders in which Odoo finds modules."""
        return self.addons_paths or self.build.addons_paths


@dataclass(frozen=True, kw_only=True)
class Installed:
    """The result of one installation or update."""

    checks: Sequence[CheckResult]
    tests: Mapping[str, Any]
    module_states: Mapping[str, str]
    log_path: Path

    @property
    def log(self) -> bytes:
        """Return Odoo's log; empty if the command never started."""
        return self.log_path.read_bytes() if self.log_path.is_file() else b""


def install(ctx: StepContext, target: Target, *, names: Sequence[str], tests: Sequence[str], log: str) -> Installed:
    """Install the named modules, run the tests of `tests`, and judge the result by Odoo's own log and tables."""
    config = _config(ctx, target)
    command = commands.install_command(target.build, config, names=names, tests=tests, demo=target.demo)
    return _run(ctx, target, command, wanted=names, tests=tests, log=log)


def update(
    ctx: StepContext, target: Target, *, names: Sequence[str], new: Sequence[str], tests: Sequence[str], log: str
) -> Installed:
    """Update the named modules, install the new ones, run the tests of `tests`, and judge the result likewise."""
    command = commands.update_command(target.build, _config(ctx, target), names=names, new=new, tests=tests)
    return _run(ctx, target, command, wanted=[*names, *new], tests=tests, log=log)


def _run(
    ctx: StepContext, target: Target, command: tuple[str, ...], *, wanted: Sequence[str], tests: Sequence[str], log: str
) -> Installed:
    log_path = ctx.run_folder / f"{log}-{ctx.run.attempt}.log"
    result = ctx.runtime.execute(_job(ctx, target, command, log_path), on_line=_narrate(ctx))
    ctx.odoo_worked(log, seconds=result.seconds)
    states = ctx.databases.module_states(target.name)
    parsed = odoo_log.OdooLog.read(log_path)
    return Installed(
        checks=odoo_log.judge(
            result, parsed, states, wanted=wanted, tested=modules.with_tests(tests, target.build.addons_paths)
        ),
        tests=parsed.tests_report(),
        module_states=states,
        log_path=log_path,
    )


def _config_path(ctx: StepContext) -> Path:
    return ctx.run_folder / "odoo.conf"


def _config(ctx: StepContext, target: Target) -> Path:
    """Write the configuration file for the database, without cron threads, and return its path."""
    config = _config_path(ctx)
    text = commands.config_file(
        ctx.databases.access(target.name, role=target.role),
        data_dir=data_folder(ctx.settings.home, ctx.environment),
        addons_paths=target.visible_paths,
        port=free_port(),
        memory_mb=ctx.settings.odoo_memory_mb,
        series=target.build.series,
    )
    write_whole(config, text.encode())
    return config


def _job(ctx: StepContext, target: Target, command: tuple[str, ...], log_path: Path) -> Job:
    data = data_folder(ctx.settings.home, ctx.environment)
    return Job(
        name=f"install-{ctx.run.id.hex[:8]}-{ctx.run.attempt}",
        argv=command,
        cwd=home_of(data),
        sandbox=confined(ctx.settings, target.build, config=_config_path(ctx), data=data, database=target.name),
        log_path=log_path,
        timeout_seconds=ctx.settings.odoo_timeout_seconds,
        memory_mb=ctx.settings.odoo_memory_mb,
    )


def _narrate(ctx: StepContext) -> odoo_log.OnLine:
    """Return a handler that copies loaded modules, failed tests, warnings and errors to the run's log."""

    def on_line(line: str) -> None:
        told = odoo_log.progress_notice(line)
        if told is not None:
            ctx.log(told.level, told.message)

    return on_line
