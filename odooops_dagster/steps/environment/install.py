"""Run one Odoo command that installs or updates modules of a database, and check its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from odooops_dagster.files import write_whole
from odooops_dagster.home import data_folder
from odooops_dagster.model import Build, CheckResult, DatabaseAccess, Job
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.confinement import (
    confined,
    from_inside,
    home_of,
    outlet_of,
    outlet_variables,
)
from odooops_dagster.steps.environment.disk import end_if_full, require_room
from odooops_dagster.steps.environment.exits import exit_of
from odooops_dagster.steps.environment.shares import share_of
from odooops_dagster.steps.environment.untested import find_untested
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.odoo import log as odoo_log
from odooops_dagster.tools.odoo.baseline import OdooFaults, may_be_odoos
from odooops_dagster.tools.odoo.failure import Repository
from odooops_dagster.tools.odoo.judge import judge
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.project_file import OdooOptions, ProjectFile, QuietRecord, settings_of
from odooops_dagster.tools.runtime.ports import free_port

# Returns the signatures of the errors that Odoo's own modules log without any other.
Learn = Callable[[], Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Target:
    """The database being built: its name, its role, its build, with or without demo data.

    `today` decides which failed tests are accepted, `quiet` are the errors that are accepted in Odoo's log.
    `addons_paths` are the folders in which Odoo looks for modules, in the build's order; empty means all of them.
    `data` is Odoo's data_dir where that is not the environment's.
    """

    name: str
    role: str
    build: Build
    demo: bool
    today: date
    quiet: tuple[QuietRecord, ...] = ()
    addons_paths: tuple[Path, ...] = ()
    data: Path | None = None

    @property
    def settings(self) -> ProjectFile:
        """Return the settings of the build's repository."""
        return settings_of(self.build.source)

    def access(self, ctx: StepContext) -> DatabaseAccess:
        """Return how the database is reached."""
        return ctx.databases.access(self.name, role=self.role)

    def data_folder(self, ctx: StepContext) -> Path:
        """Return Odoo's data_dir."""
        return self.data or data_folder(ctx.settings.home, ctx.environment)

    def filestore(self, ctx: StepContext) -> Path:
        """Return the folder of the database's attachments."""
        return self.data_folder(ctx) / "filestore" / self.name

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
    errors: tuple[str, ...] = ()  # signatures of the errors in the log
    odoos_errors: tuple[str, ...] = ()  # of those that Odoo's own modules are known to log

    @property
    def log(self) -> bytes:
        """Return Odoo's log; empty if the command never started."""
        return self.log_path.read_bytes() if self.log_path.is_file() else b""


def install(
    ctx: StepContext,
    target: Target,
    *,
    names: Sequence[str],
    tests: Sequence[str],
    log: str,
    odoos_errors: Sequence[str] = (),
    learn: Learn | None = None,
) -> Installed:
    """Install the named modules, run the tests of `tests`, and judge the result by Odoo's own log and tables.

    `odoos_errors` are the signatures of the errors that Odoo logged when its own modules were installed alone;
    `learn` is asked for them if the log has others that may be Odoo's own.
    """
    config = odoo_config(ctx, target)
    command = commands.install_command(
        target.build,
        config,
        names=names,
        tests=tests,
        demo=target.demo,
        languages=target.settings.odoo.languages,
        tags=target.settings.tests.tags,
    )
    faults = OdooFaults(signatures=frozenset(odoos_errors), files=target.build.odoo_lacks)
    return _run(ctx, target, command, wanted=names, tests=tests, log=log, faults=faults, learn=learn)


def update(
    ctx: StepContext,
    target: Target,
    *,
    names: Sequence[str],
    new: Sequence[str],
    tests: Sequence[str],
    log: str,
    learn: Learn | None = None,
) -> Installed:
    """Update the named modules, install the new ones, run the tests of `tests`, and judge the result likewise."""
    command = commands.update_command(
        target.build, odoo_config(ctx, target), names=names, new=new, tests=tests, tags=target.settings.tests.tags
    )
    faults = OdooFaults(files=target.build.odoo_lacks)
    return _run(ctx, target, command, wanted=[*names, *new], tests=tests, log=log, faults=faults, learn=learn)


def _run(
    ctx: StepContext,
    target: Target,
    command: tuple[str, ...],
    *,
    wanted: Sequence[str],
    tests: Sequence[str],
    log: str,
    faults: OdooFaults,
    learn: Learn | None,
) -> Installed:
    log_path = ctx.run_folder / f"{log}-{ctx.run.attempt}.log"
    require_room(ctx)
    job = _job(ctx, target, command, log_path)
    result = ctx.runtime.execute(job, on_line=_narrate(ctx, _repository(target)), end_if=end_if_full(ctx))
    ctx.odoo_worked(log, seconds=result.seconds)
    states = module_states(target.access(ctx))
    parsed = odoo_log.OdooLog.read(log_path, quiet=target.quiet)
    untested = find_untested(ctx, target.build, _config_path(ctx), access=target.access(ctx), names=tests, log=parsed)
    faults = _completed(faults, parsed, target, learn)
    checks = judge(
        result,
        parsed,
        states,
        wanted=wanted,
        tested=tests,
        untested=untested,
        faults=faults,
        own=target.settings.tests,
        today=target.today,
        repository=_repository(target),
    )
    _tell_frames(ctx, checks)
    return Installed(
        checks=checks,
        tests=next(check.metadata for check in checks if check.name == "module_tests_passed"),
        module_states=states,
        log_path=log_path,
        errors=tuple(parsed.error_counts),
        odoos_errors=tuple(faults.signatures),
    )


def _repository(target: Target) -> Repository:
    return Repository(root=target.build.source.path, addons_paths=target.build.addons_paths)


def _tell_frames(ctx: StepContext, checks: Sequence[CheckResult]) -> None:
    """Write the frames in the repository of each failure to the run's log: Odoo's own are in the artifact alone."""
    for check in checks:
        if check.failure and check.failure.frames:
            ctx.log("error", f"{check.failure.message}, in the repository at:")
            for frame in check.failure.frames:
                ctx.log("error", f"    {frame}")


def _config_path(ctx: StepContext) -> Path:
    return ctx.run_folder / "odoo.conf"


def _completed(faults: OdooFaults, log: odoo_log.OdooLog, target: Target, learn: Learn | None) -> OdooFaults:
    """Return the faults of Odoo, with those to be learned if they may change whether the log is clean."""
    unexplained = [record for record in log.errors if not faults.cover(record)]
    if learn is None or not log.modules_loaded or not may_be_odoos(unexplained, target.build.addons_paths):
        return faults
    return faults.with_more(learn())


def odoo_config(ctx: StepContext, target: Target) -> Path:
    """Write the configuration file for the database, without cron threads, and return its path."""
    config = _config_path(ctx)
    text = commands.config_file(
        from_inside(ctx.settings, target.access(ctx)),
        data_dir=target.data_folder(ctx),
        addons_paths=target.visible_paths,
        port=free_port(),
        memory_mb=ctx.settings.odoo_memory_mb,
        series=target.build.series,
        # Without all of the build's modules, those that the options are about may be missing.
        more=OdooOptions() if target.addons_paths else target.settings.odoo_of(ctx.environment.stage),
    )
    write_whole(config, text.encode())
    return config


def _job(ctx: StepContext, target: Target, command: tuple[str, ...], log_path: Path) -> Job:
    data = target.data_folder(ctx)
    return Job(
        name=f"install-{ctx.run.id.hex[:8]}-{ctx.run.attempt}",
        argv=command,
        cwd=home_of(data),
        sandbox=confined(
            ctx.settings,
            target.build,
            config=_config_path(ctx),
            data=data,
            access=target.access(ctx),
            heard_at=outlet_of(ctx.settings, ctx.environment),
            let_out_at=exit_of(ctx.control, ctx.settings, ctx.environment),
        ),
        env=outlet_variables(ctx.settings, ctx.environment),
        log_path=log_path,
        timeout_seconds=ctx.settings.odoo_timeout_seconds,
        memory_mb=ctx.settings.odoo_memory_mb,
        share=share_of(ctx.control, ctx.settings, ctx.environment),
    )


def _narrate(ctx: StepContext, repository: Repository) -> odoo_log.OnLine:
    """Return a handler that copies loaded modules, failed tests, warnings and errors to the run's log."""

    def on_line(line: str) -> None:
        notice = odoo_log.progress_notice(line)
        if notice is not None:
            ctx.log(notice.level, repository.relative(notice.message))

    return on_line
