"""Runs the upgrade cases of a repository on a copy: each is prepared before the upgrade, and checked after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.model import Build
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.upgrade.copy import HarmlessCopy
from odooops_dagster.steps.upgrade.examine import run_program
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.odoo.case_outcomes import CaseOutcome, CasePhase, CaseRun, read_cases
from odooops_dagster.tools.odoo.commands import cases_command
from odooops_dagster.tools.odoo.upgrade_cases import UpgradeCases, find_cases
from odooops_dagster.tools.upgrade_report.form import Invariant

_ALL = "upgrade cases"
# Of a value that is quoted; the case compares the whole of it.
_CHARACTERS = 2000
_WITHOUT = "add odoo/upgrade-util to the repository's requirements.txt"


@dataclass(frozen=True, kw_only=True)
class GatheredCases:
    """Upgrade cases in a folder of their own, which both sides of the upgrade run.

    Args:
        found: the cases, with their places in the repository.
        folder: the upgrade path with the library and the cases.
        digest: the SHA-256 of what is in the folder.
        series: the series before and after, by which a case decides whether it is about this upgrade.
    """

    found: UpgradeCases
    folder: Path
    digest: str
    series: tuple[str, str]


def gather_cases(ctx: StepContext, copy: HarmlessCopy, source: Build, target: Build) -> GatheredCases | None:
    """Return the upgrade cases of the target's repository; None if it has none, or no library to run them."""
    found = find_cases(target)
    if found is None:
        return None
    if found.library is None:
        ctx.log("warn", f"{len(found.files)} file(s) with upgrade cases are not run: {_WITHOUT}")
        return None
    folder = copy.place.folder / "cases"
    found.gather(folder)
    ctx.log("info", f"{len(found.files)} file(s) with upgrade cases")
    return GatheredCases(
        found=found, folder=folder, digest=modules.checksum(folder), series=(source.series, target.series)
    )


def run_cases(ctx: StepContext, copy: HarmlessCopy, build: Build, cases: GatheredCases, phase: CasePhase) -> CaseRun:
    """Run the phase of the cases in the build's Odoo on the copy, in its sandbox, and return how they ended."""
    old, new = cases.series
    lines = run_program(
        ctx,
        copy,
        build,
        lambda config: cases_command(build, config, phase, files=cases.found.files, folder=cases.folder),
        log=f"cases-{phase}",
        # Otherwise a case looks at the series of the running Odoo alone. Source: `test_prepare` in testing.py.
        env={"ODOO_UPG_DB_SOURCE_VERSION": old, "ODOO_UPG_DB_TARGET_VERSION": new},
        reads=(cases.folder,),
    )
    return read_cases(lines)


def judge_cases(cases: UpgradeCases, before: CaseRun, after: CaseRun) -> list[Invariant]:
    """Return each case that was prepared or failed, as an invariant; what a case skips is about another upgrade."""
    known = sorted({*before.outcomes, *after.outcomes})
    found = (_judged(cases, name, before.outcomes.get(name), after.outcomes.get(name)) for name in known)
    return [*_unfinished(cases, before, after), *(each for each in found if each is not None)]


def _judged(cases: UpgradeCases, name: str, old: CaseOutcome | None, new: CaseOutcome | None) -> Invariant | None:
    one = new or old
    assert one is not None  # noqa: S101 - the name is of one of them
    if old is not None and old.outcome in {"failed", "missed"}:
        return _invariant(cases, name, old, f"prepare: {old.text}")
    if new is not None and new.outcome == "failed":
        return _invariant(cases, name, new, new.text)
    if old is None or old.outcome == "skipped" or old.value is None:
        return None
    if new is None or new.outcome != "ran" or new.value is None:
        return _invariant(cases, name, one, f"it was prepared, and not checked: {_reason(new)}")
    return _invariant(cases, name, new, "")


def _reason(new: CaseOutcome | None) -> str:
    if new is None:
        return "Odoo did not load it: is its module installed after the upgrade?"
    return new.text or "what it prepared is not in the database any more"


def _invariant(cases: UpgradeCases, name: str, outcome: CaseOutcome, error: str) -> Invariant:
    place = cases.place(outcome.file, outcome.line)
    value = "" if outcome.value in {None, "null"} else str(outcome.value)
    return Invariant(
        name=name,
        holds=not error,
        before=((value[:_CHARACTERS],),) if value else (),
        error=f"{place}: {error}" if error else "",
        case=place,
    )


def _unfinished(cases: UpgradeCases, before: CaseRun, after: CaseRun) -> Iterator[Invariant]:
    for phase, run in (("prepare", before), ("check", after)):
        if run.error:
            first = cases.files[0]
            yield Invariant(name=f"{_ALL}: {phase}", holds=False, error=run.error, case=cases.place(first.name, 0))
