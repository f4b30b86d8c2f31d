"""Asks odoo-module-migrator about a copy of the project's own modules; it is named by the user and run apart."""

from __future__ import annotations

import shutil
from pathlib import Path

from odooops_dagster.home import accounts_file
from odooops_dagster.model import Build, Job, Sandbox
from odooops_dagster.steps.core.code import odoo_folders
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.advisories.migrator import Quote, migrator_command, read_quotes
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.runtime.sandbox.accounts import account_of, give
from odooops_dagster.tools.runtime.sandbox.interpreters import interpreter_folders, outermost

_LONGEST_SECONDS = 600
_MEMORY_MB = 2048


def quote_migrator(ctx: StepContext, build: Build, *, source_series: str, target_series: str) -> tuple[Quote, ...]:
    """Return what the program says of the build's own modules; nothing if it is not set or does not know the way."""
    program = ctx.settings.module_migrator
    if program is None:
        return ()
    home = ctx.run_folder / f"migrator-{ctx.run.attempt}"
    folder = home / "modules"
    shutil.rmtree(home, ignore_errors=True)
    for name in build.source.modules:
        found = modules.find(name, build.source.addons_paths)
        if found is not None:
            shutil.copytree(found, folder / name, symlinks=True)
    log_path = ctx.run_folder / f"migrator-{ctx.run.attempt}.log"
    job = Job(
        name=f"migrator-{ctx.run.id.hex[:8]}-{ctx.run.attempt}",
        argv=migrator_command(program, folder, source_series=source_series, target_series=target_series),
        cwd=home,
        sandbox=_sandbox(ctx, program, home),
        log_path=log_path,
        timeout_seconds=_LONGEST_SECONDS,
        memory_mb=_MEMORY_MB,
    )
    result = ctx.runtime.execute(job, on_line=lambda _line: None)
    output = log_path.read_text(errors="replace") if log_path.is_file() else ""
    if result.exit_status != 0:
        last = next(reversed(output.split("\n")[:-1]), "it printed no reason")
        ctx.log("warn", f"{program.name} did not look at the modules: {last}")
        return ()
    return read_quotes(output, folder)


def _sandbox(ctx: StepContext, program: Path, home: Path) -> Sandbox | None:
    if ctx.settings.trust_pushers:
        return None
    uid = account_of(home, ledger=accounts_file(ctx.settings.home), first=ctx.settings.sandbox_first_uid)
    give(home, uid)
    python = program.parent / "python"
    own = interpreter_folders(python) if python.exists() else (program.parent,)
    return Sandbox(
        writable=(home,), readable=outermost({*odoo_folders(ctx.settings), *own, program}), home=home, uid=uid
    )
