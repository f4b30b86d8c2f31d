"""Engine `same_series`: new code on the same series, with the modules' own migration scripts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from odooops_dagster.model import Build, CheckResult
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.install import Target, update
from odooops_dagster.steps.upgrade.groups import Group
from odooops_dagster.steps.upgrade.kept import KeptUpdate, held_back
from odooops_dagster.steps.upgrade.plan import UpgradePlan, UpgradeStage, went_through
from odooops_dagster.tools.project_file import settings_of
from odooops_dagster.tools.upgrade_report.messages import seconds_of_modules


class SameSeries:
    """Installs what is new and updates what changed, as a promotion does."""

    name = "same_series"

    def why_not(self, _ctx: StepContext, plan: UpgradePlan) -> str | None:
        """Return why this engine cannot be used: it leads to no other series."""
        if plan.source.series == plan.target.series:
            return None
        return (
            f"{self.name} leads from {plan.source.series} to no other series: "
            "choose an engine that does, such as --engine openupgrade"
        )

    def stages(self, ctx: StepContext, plan: UpgradePlan) -> Iterator[UpgradeStage]:
        """Yield the groups of modules that an earlier preview updated, then update the others and yield each.

        A group is updated while the modules that wait for their turn have their former code, as between two promotions.
        """
        if not plan.changes:
            ctx.log("info", "no module changed: there is nothing to update")
            return
        groups = plan.groups or (plan.changes.changed,)
        done = plan.kept.resume(ctx, groups) if plan.kept else []
        for each in done:
            ctx.log("info", f"updated by an earlier preview: {', '.join(each.group)}")
            yield _stage(each, groups, is_kept=True)
        waiting = [group for group in groups if group not in {each.group for each in done}]
        while waiting:
            group, *waiting = waiting
            made, checks = _update(
                ctx, plan, group, waiting, number=len(done), spent=sum(each.seconds for each in done)
            )
            done.append(made)
            yield replace(_stage(made, groups), checks=checks)
            if not all(check.passed for check in checks):
                plan = replace(plan, kept=None)
            if not went_through(checks):
                return
            if plan.kept and waiting:
                plan.kept.keep(ctx, done)


def _update(
    ctx: StepContext, plan: UpgradePlan, group: Group, waiting: Sequence[Group], *, number: int, spent: float
) -> tuple[KeptUpdate, Sequence[CheckResult]]:
    """Update the group within what is left of the time, and return what that took and how Odoo judged it."""
    pending = [name for other in waiting for name in other]
    build = held_back(plan.target, plan.source, pending, plan.folder / f"held-back-{number}")
    started = time.monotonic()
    seconds = min(max(plan.budget_seconds - spent, 1.0), ctx.settings.odoo_timeout_seconds)
    within = replace(ctx, settings=ctx.settings.model_copy(update={"odoo_timeout_seconds": seconds}))
    log = f"upgrade-{number}" if number else "upgrade"
    target = target_of(plan, build=build)
    done = update(within, target, names=group, new=() if number else plan.changes.new, tests=(), log=log)
    took = round(time.monotonic() - started, 3)
    again = took - seconds_of_modules(done.log_path) if number else 0.0
    made = KeptUpdate(group=group, seconds=took, again_seconds=round(max(again, 0.0), 3), log_path=done.log_path)
    return made, done.checks


def _stage(update: KeptUpdate, groups: Sequence[Group], *, is_kept: bool = False) -> UpgradeStage:
    return UpgradeStage(
        name="update" if len(groups) == 1 else f"update {', '.join(update.group)}",
        seconds=update.seconds,
        log_path=update.log_path,
        again_seconds=update.again_seconds,
        is_kept=is_kept,
    )


def target_of(plan: UpgradePlan, *, build: Build | None = None) -> Target:
    """Return the copy as what modules of the build, by default the plan's target, are installed into."""
    build = build or plan.target
    return Target(
        name=plan.database,
        role=plan.database,
        build=build,
        demo=False,
        today=datetime.now(tz=UTC).date(),
        quiet=settings_of(build.source).log_allow,
        data=plan.data,
    )
