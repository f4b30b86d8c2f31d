"""Uses in a build's code of things that the target series lacks: a part of the report, and a check of builds."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path
from typing import Any

from odooops_dagster.errors import StepFailed
from odooops_dagster.home import accounts_file
from odooops_dagster.model import Build, CheckResult, Job, Sandbox
from odooops_dagster.model.advisories import Match, MatchReport, Use
from odooops_dagster.steps.core.code import odoo_folders
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.advisories.match import find_matches, read_uses
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.project_file import settings_of
from odooops_dagster.tools.runtime.sandbox.accounts import account_of, give
from odooops_dagster.tools.runtime.sandbox.interpreters import outermost
from odooops_dagster.wording import some_of

CHECK = "upgrade_advisories"
# 15,000 uses in 16 modules take a second; code that nests without end must not hold the run.
_LONGEST_SECONDS = 300
_MEMORY_MB = 1024
# The record keeps this many, the artifact all.
_RECORDED = 200
_SHOWN = 3


def match_advisories(
    ctx: StepContext, build: Build, target_series: str, *, source_series: str | None = None
) -> MatchReport:
    """Return what of the recorded advisories concerns the build's own code and its modules.

    Args:
        ctx: the run; it gets a line of progress.
        build: the build that is to move.
        target_series: the series that it is to reach, any number of steps later.
        source_series: the series from which it is to get there; None for the build's own.

    Raises:
        StepFailed: the code could not be read at all.
    """
    source_series = source_series or build.series
    items, unknown = ctx.control.advisories.on_the_way(source_series, target_series, project_id=ctx.project.id)
    uses, unread = _uses(ctx, build)
    needs = {name: _needs(name, build) for name in {use.module for use in uses}}
    matches = find_matches(items, uses, installed=build.closure, needs=needs)
    report = MatchReport(
        source_series=source_series,
        target_series=target_series,
        matches=matches,
        unknown_steps=unknown,
        unread=unread,
        advisories=len(items),
    )
    ctx.log("info", f"{len(items)} advisories for {target_series}: {summary(report)}")
    return report


def check_advisories(ctx: StepContext, build: Build) -> CheckResult | None:
    """Return the check of a build whose odooops.yaml names a target series, and keep all of it; None without one."""
    target = settings_of(build.source).upgrade.target
    if target is None or odoo_series.number(target) <= odoo_series.number(build.series):
        return None
    report = match_advisories(ctx, build, target)
    found = json.dumps(as_record(report), indent=1).encode()
    ctx.keep(f"{CHECK}-{ctx.run.attempt}.json", found)  # another attempt may find other advisories on the record
    return CheckResult(
        name=CHECK,
        passed=not (report.matches or report.unknown_steps),
        summary=summary(report),
        blocking=False,
        metadata={
            "target": target,
            "certain": report.certain,
            "possible": report.possible,
            "advisories": report.advisories,
            "unknown_steps": [" to ".join(step) for step in report.unknown_steps],
            "unread": list(report.unread[:_RECORDED]),
            "uses": [_row(match) for match in report.matches[:_RECORDED]],
        },
    )


def summary(report: MatchReport) -> str:
    """Return the matches in one line, with what to do where advisories are missing."""
    parts = []
    if report.matches:
        first = some_of([_place(match) for match in report.matches], _SHOWN, between="; ")
        parts.append(f"{report.certain} certain and {report.possible} possible use(s) of what changes: {first}")
    elif not report.unknown_steps:
        parts.append(f"nothing that the repository uses is known to go away up to {report.target_series}")
    for _, newer in report.unknown_steps:
        parts.append(f"no advisory for {newer} is recorded: ops upgrade advisories import openupgrade --series {newer}")
    return "; ".join(parts)


def as_record(report: MatchReport) -> dict[str, Any]:
    """Return the report as plain data."""
    return {**asdict(replace(report, matches=())), "matches": [_row(match) for match in report.matches]}


def _row(match: Match) -> Mapping[str, Any]:
    return {
        "certain": match.certain,
        "module": match.module,
        "file": match.file,
        "line": match.line,
        **{name: value for name, value in asdict(match.advisory).items() if value is not None and name != "module"},
    }


def _place(match: Match) -> str:
    where = f"{match.file}:{match.line}" if match.file else f"module {match.module}"
    return f"{where} {match.advisory.summary}".rstrip(".")


def _needs(name: str, build: Build) -> frozenset[str]:
    return modules.walk([name], build.addons_paths).found


def _uses(ctx: StepContext, build: Build) -> tuple[tuple[Use, ...], tuple[str, ...]]:
    """Run the program that reads the code: strangers wrote it, so nothing of it is parsed in this process."""
    program = Path(str(resources.files("odooops_dagster.tools.advisories") / "uses"))
    home = ctx.run_folder / "uses"
    log_path = ctx.run_folder / f"uses-{ctx.run.attempt}.jsonl"
    log_path.unlink(missing_ok=True)
    job = Job(
        name=f"uses-{ctx.run.id.hex[:8]}-{ctx.run.attempt}",
        argv=(sys.executable, "-I", "-S", str(program), *map(str, build.source.addons_paths)),
        cwd=home,
        sandbox=_sandbox(ctx, build, program=program, home=home),
        log_path=log_path,
        timeout_seconds=_LONGEST_SECONDS,
        memory_mb=_MEMORY_MB,
    )
    result = ctx.runtime.execute(job, on_line=lambda _line: None)
    text = log_path.read_text("utf-8", errors="replace") if log_path.is_file() else ""
    if result.exit_status != 0 or result.overflowed:
        last = next((line for line in reversed(text.splitlines()) if not line.startswith("{")), "it printed no reason")
        raise StepFailed(f"the repository's code could not be searched for what changes: {last}")
    return read_uses(text.splitlines())


def _sandbox(ctx: StepContext, build: Build, *, program: Path, home: Path) -> Sandbox | None:
    if ctx.settings.trust_pushers:
        home.mkdir(parents=True, exist_ok=True)
        return None
    uid = account_of(home, ledger=accounts_file(ctx.settings.home), first=ctx.settings.sandbox_first_uid)
    give(home, uid)
    readable = outermost({*odoo_folders(ctx.settings), build.source.path, program})
    return Sandbox(writable=(home,), readable=readable, home=home, uid=uid)
