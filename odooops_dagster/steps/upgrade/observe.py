"""Upgrades the copy and reads it before and after; faults of the version in use are kept apart."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from odooops_dagster.checks.pages import OpenedPage
from odooops_dagster.model import CheckResult
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.install import update
from odooops_dagster.steps.upgrade.cases import judge_cases, run_cases
from odooops_dagster.steps.upgrade.copy import HarmlessCopy
from odooops_dagster.steps.upgrade.engines.same_series import target_of
from odooops_dagster.steps.upgrade.examine import open_as_user, try_views
from odooops_dagster.steps.upgrade.invariants import ask_invariants, compare_invariants
from odooops_dagster.steps.upgrade.plan import UpgradeEngine, UpgradePlan, went_through
from odooops_dagster.tools.odoo.case_outcomes import CasePhase, CaseRun
from odooops_dagster.tools.odoo.views import TriedViews
from odooops_dagster.tools.postgres.odoo_snapshot import OdooSnapshot, take_snapshot
from odooops_dagster.tools.project_file import settings_of
from odooops_dagster.tools.upgrade_report.form import Baseline, Invariant, Stage
from odooops_dagster.tools.upgrade_report.messages import Told, read_messages

# A baseline is looked for in so many earlier previews of the project.
_EARLIER = 20


@dataclass
class Seen:
    """The observations of an upgrade so far."""

    stages: list[Stage] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)
    told: Told = field(default_factory=lambda: Told(messages={}, modules={}))
    before: OdooSnapshot | None = None
    after: OdooSnapshot | None = None
    filestore_bytes: tuple[int, int] = (0, 0)
    invariants: list[Invariant] = field(default_factory=list)
    views: TriedViews = field(default_factory=lambda: TriedViews(refused=(), tried=0))
    views_error: str = ""
    pages: list[OpenedPage] = field(default_factory=list)
    downtime_seconds: float | None = None
    again_seconds: float = 0.0  # of the stages, what a promotion does not take a second time
    baseline: Baseline | None = None

    def note(self, name: str, started: float, *, is_downtime: bool = False, is_kept: bool = False) -> float:
        """Record a stage that began then, and return its seconds."""
        seconds = round(time.monotonic() - started, 3)
        self.stages.append(Stage(name=name, seconds=seconds, is_downtime=is_downtime, is_kept=is_kept))
        return seconds

    @property
    def is_whole(self) -> bool:
        """Return whether the upgrade came to its end, whatever it logged."""
        return went_through(self.checks)


def observe(ctx: StepContext, copy: HarmlessCopy, engine: UpgradeEngine, plan: UpgradePlan) -> Seen:
    """Upgrade the copy and return what was seen; what comes after an upgrade that failed is not looked at."""
    seen = Seen()
    seen.stages.append(Stage(name="copy", seconds=copy.seconds, is_downtime=True))
    names = (*plan.changes.new, *plan.changes.changed)
    prepared = _run_cases(ctx, copy, plan, seen, "prepare")
    started = time.monotonic()
    seen.before = take_snapshot(copy.access(ctx), modules=names)
    declared = settings_of(plan.target.source).upgrade.invariants
    answers = ask_invariants(ctx, copy, plan.source, declared, log="invariants-before")
    size = _bytes_below(copy.place.filestore)
    seen.note("look before", started)
    _upgrade(ctx, engine, plan, seen)
    if seen.is_whole:
        started = time.monotonic()
        seen.after = take_snapshot(copy.access(ctx), modules=names)
        again = ask_invariants(ctx, copy, plan.target, declared, log="invariants-after")
        seen.invariants = compare_invariants(answers, again)
        seen.filestore_bytes = (size, _bytes_below(copy.place.filestore))
        seen.note("look after", started)
        seen.invariants += _judge_cases(plan, prepared, _run_cases(ctx, copy, plan, seen, "check"))
        _try_views(ctx, copy, plan, seen)
        _open_pages(ctx, copy, plan, seen)
    if seen.told.messages or seen.views.refused or _has_broken_page(seen):
        _find_baseline(ctx, copy, plan, seen)
    return seen


def _run_cases(ctx: StepContext, copy: HarmlessCopy, plan: UpgradePlan, seen: Seen, phase: CasePhase) -> CaseRun | None:
    """Run the phase of the upgrade cases with the code of its side: before, what serves today; after, the new one."""
    if plan.cases is None:
        return None
    started = time.monotonic()
    run = run_cases(ctx, copy, plan.source if phase == "prepare" else plan.target, plan.cases, phase)
    seen.note(f"{phase} cases", started)
    return run


def _judge_cases(plan: UpgradePlan, before: CaseRun | None, after: CaseRun | None) -> list[Invariant]:
    if plan.cases is None or before is None or after is None:
        return []
    return judge_cases(plan.cases.found, before, after)


def _upgrade(ctx: StepContext, engine: UpgradeEngine, plan: UpgradePlan, seen: Seen) -> None:
    for stage in engine.stages(ctx, plan):
        seen.stages.append(
            Stage(name=stage.name, seconds=stage.seconds, is_downtime=stage.is_downtime, is_kept=stage.is_kept)
        )
        seen.again_seconds += stage.again_seconds
        seen.checks += stage.checks
        if stage.log_path is not None and stage.log_path.is_file():
            seen.logs.append(stage.log_path)
    lines = (line for path in seen.logs for line in path.read_text(errors="replace").splitlines())
    seen.told = read_messages(lines, quiet=settings_of(plan.target.source).log_allow)


def _try_views(ctx: StepContext, copy: HarmlessCopy, plan: UpgradePlan, seen: Seen) -> None:
    started = time.monotonic()
    seen.views, seen.views_error = try_views(ctx, copy, plan.target, log="upgrade-views")
    ctx.log("info", f"{seen.views.tried or 0} views tried, {len(seen.views.refused)} refused")
    seen.note("views", started)


def _open_pages(ctx: StepContext, copy: HarmlessCopy, plan: UpgradePlan, seen: Seen) -> None:
    """Open the pages; the time that Odoo takes to start is downtime twice, as a promotion proves a build first."""
    assert seen.after is not None  # noqa: S101 - it is looked at before
    started = time.monotonic()
    names = (*plan.changes.new, *plan.changes.changed)
    seen.pages, boot = open_as_user(ctx, copy, plan.target, seen.after, names)
    seen.note("pages", started)
    if boot is not None:
        worked = sum(stage.seconds for stage in seen.stages if stage.is_downtime)
        seen.downtime_seconds = round(worked - seen.again_seconds + 2 * boot, 3)


def _find_baseline(ctx: StepContext, copy: HarmlessCopy, plan: UpgradePlan, seen: Seen) -> None:
    """Learn what the version in use logs and refuses with the same data, or take it from an earlier preview."""
    started = time.monotonic()
    key = _baseline_key(copy, plan)
    seen.baseline = _kept_baseline(ctx, key, with_pages=_has_broken_page(seen))
    is_kept = seen.baseline is not None
    if seen.baseline is None:
        ctx.log("info", "learning what the version in use logs with the same data")
        copy.renew(ctx)
        pages = _broken_pages(ctx, copy, plan, seen) if _has_broken_page(seen) else None
        own = target_of(plan, build=plan.source)
        names = [name for name in plan.changes.changed if name in plan.source.closure]
        told = Told(messages={}, modules={})
        if names:
            done = update(ctx, own, names=names, new=(), tests=(), log="baseline")
            told = read_messages(done.log.decode(errors="replace").splitlines())
        views, _ = try_views(ctx, copy, plan.source, log="baseline-views")
        seen.baseline = Baseline(
            key=key,
            signatures=tuple(told.messages),
            broken_views=tuple(view.name for view in views.refused),
            broken_pages=pages,
        )
    seen.note("baseline", started, is_kept=is_kept)


def _baseline_key(copy: HarmlessCopy, plan: UpgradePlan) -> str:
    """Return a hash of all that the baseline is made of: the data, the code that serves them, the updated modules."""
    parts = [copy.template.key, plan.source.digest, sorted(plan.changes.changed)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _has_broken_page(seen: Seen) -> bool:
    return any(page.fault for page in seen.pages)


def _broken_pages(ctx: StepContext, copy: HarmlessCopy, plan: UpgradePlan, seen: Seen) -> tuple[str, ...]:
    """Return the pages that do not open with the code that serves the data today."""
    assert seen.before is not None  # noqa: S101 - it is looked at first
    pages, _ = open_as_user(ctx, copy, plan.source, seen.before, (*plan.changes.new, *plan.changes.changed))
    return tuple(page.path for page in pages if page.fault)


def _kept_baseline(ctx: StepContext, key: str, *, with_pages: bool) -> Baseline | None:
    for earlier in ctx.control.upgrades.list(ctx.project.id, limit=_EARLIER):
        kept = earlier.report.get("baseline")
        if kept and kept["key"] == key and not (with_pages and kept["broken_pages"] is None):
            return Baseline.model_validate(kept)
    return None


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
