"""Makes the report of what was seen, stores it as evidence, and records the preview in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from odooops_dagster.model import Backup
from odooops_dagster.model.upgrades import UpgradePreview
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.reports import keep_report
from odooops_dagster.steps.upgrade.advisories import match_advisories
from odooops_dagster.steps.upgrade.migrator import quote_migrator
from odooops_dagster.steps.upgrade.observe import Seen
from odooops_dagster.steps.upgrade.plan import UpgradeEngine, UpgradePlan
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.odoo.views import RefusedView
from odooops_dagster.tools.postgres.odoo_snapshot import Thing
from odooops_dagster.tools.project_file import settings_of
from odooops_dagster.tools.project_file.upgrade import UpgradeSettings
from odooops_dagster.tools.upgrade_report import differences
from odooops_dagster.tools.upgrade_report.code_uses import find_uses
from odooops_dagster.tools.upgrade_report.form import (
    Advisory,
    Data,
    Earlier,
    Module,
    Modules,
    Page,
    Renamed,
    Report,
    Version,
    View,
    Views,
)
from odooops_dagster.tools.upgrade_report.markdown import markdown
from odooops_dagster.tools.upgrade_report.module_moves import installed, module_moves
from odooops_dagster.tools.upgrade_report.page import page
from odooops_dagster.tools.upgrade_report.verdict import colour_of, reasons

# Trends of more previews are read in Dagster.
_EARLIER = 20
_LOGS = (
    *("upgrade-views", "baseline", "baseline-views"),
    *("invariants-before", "invariants-after", "cases-prepare", "cases-check"),
)


def record(
    ctx: StepContext, engine: UpgradeEngine, plan: UpgradePlan, backup: Backup, seen: Seen, *, seconds: float
) -> UpgradePreview:
    """Keep the report and its logs as evidence of the run, and record the preview.

    Args:
        ctx: the run's context.
        engine: the engine that was used.
        plan: what was upgraded, and to what.
        backup: the backup of which the copy was made.
        seen: what was seen.
        seconds: how long all of it took.
    """
    report = _judged(_report(ctx, engine, plan, backup, seen).model_copy(update={"seconds": seconds}), seen)
    _keep_logs(ctx, seen)
    _keep_pages(ctx, report)
    kept = _keep_report(ctx, report)
    return ctx.control.upgrades.record(
        ctx.fence,
        engine=engine.name,
        source_series=plan.source.series,
        target_series=plan.target.series,
        source_digest=plan.source.digest,
        image_digest=plan.target.digest,
        git_sha=plan.target.source.git_sha,
        verdict=report.colour,
        summary=report.reasons[0].reason[:1000],
        seconds=seconds,
        downtime_seconds=report.downtime_seconds,
        new_errors=len(report.log.errors),
        new_warnings=len(report.log.warnings),
        evidence_id=kept,
        report=report.model_dump(mode="json"),
    )


def _judged(report: Report, seen: Seen) -> Report:
    found = reasons(report, seen.checks)
    return report.model_copy(update={"reasons": found, "colour": colour_of(found)})


def _report(ctx: StepContext, engine: UpgradeEngine, plan: UpgradePlan, backup: Backup, seen: Seen) -> Report:
    source, target = plan.source, plan.target
    known = () if seen.baseline is None else seen.baseline.signatures
    known_pages = (seen.baseline.broken_pages or ()) if seen.baseline is not None else ()
    own = [found for name in target.source.modules if (found := modules.find(name, target.source.addons_paths))]
    return Report(
        project=ctx.project.slug,
        branch=ctx.environment.branch,
        run=f"{ctx.project.slug}#{ctx.run.run_number}",
        engine=engine.name,
        source=Version(series=source.series, digest=source.digest, git_sha=source.source.git_sha),
        target=Version(series=target.series, digest=target.digest, git_sha=target.source.git_sha),
        backup_id=str(backup.id),
        backup_taken_at=backup.moment.isoformat(),
        colour="green",
        reasons=(),
        seconds=0,
        downtime_seconds=seen.downtime_seconds,
        stages=tuple(seen.stages),
        modules=_modules(ctx, plan, seen),
        log=seen.told.against(known),
        views=_views(seen),
        pages=tuple(
            Page(
                path=page.path,
                user=page.user,
                answers=not page.fault,
                told=page.fault,
                is_known=bool(page.fault) and page.path in known_pages,
            )
            for page in seen.pages
        ),
        invariants=tuple(seen.invariants),
        code=find_uses(own, root=target.source.path, series=target.series),
        advisories=_advisories(ctx, plan),
        earlier=_earlier(ctx, target.series),
        baseline=seen.baseline,
    ).model_copy(update=_differences(seen, settings_of(target.source).upgrade))


def _differences(seen: Seen, settings: UpgradeSettings) -> dict[str, Any]:
    """Return the parts of the report that compare the two snapshots; none if the upgrade did not get that far."""
    before, after = seen.before, seen.after
    if before is None or after is None:
        return {}
    counted = differences.row_counts(before, after, may_shrink=settings.may_lose_rows)
    return {
        "changes": differences.changes(before, after),
        "renamed_fields": differences.renamed_fields(before, after),
        "data": Data(
            tables=len(before.rows),
            rows=sum(before.rows.values()),
            changed=counted,
            lost=differences.lost_rows(counted),
            values=differences.lost_values(before, after),
            database_bytes=(before.database_bytes, after.database_bytes),
            filestore_bytes=seen.filestore_bytes,
        ),
    }


def _modules(ctx: StepContext, plan: UpgradePlan, seen: Seen) -> Modules:
    old = installed(seen.before)
    new = installed(seen.after) if seen.after is not None else old
    paths = plan.target.addons_paths
    renamed, merged = _moves(ctx, plan, seen)
    touched = [name for name in sorted({*old, *new}) if name in seen.told.modules and _is_touched(name, plan, old, new)]
    return Modules(
        added=tuple(sorted(set(new) - set(old) - {each.after for each in renamed})),
        removed=tuple(sorted(set(old) - set(new) - {each.before for each in (*renamed, *merged)})),
        renamed=renamed,
        merged=merged,
        left_behind=tuple(sorted(name for name in new if modules.find(name, paths) is None)),
        without_target_version=_of_other_series(plan),
        updated=tuple(_module(name, seen, old, new) for name in touched),
        checksums=modules.checksums({name for name in plan.changes.changed if modules.find(name, paths)}, paths),
    )


def _moves(ctx: StepContext, plan: UpgradePlan, seen: Seen) -> tuple[tuple[Renamed, ...], tuple[Renamed, ...]]:
    if seen.before is None or seen.after is None:
        return (), ()
    known, _ = ctx.control.advisories.on_the_way(plan.source.series, plan.target.series, project_id=ctx.project.id)
    return module_moves(seen.before, seen.after, advisories=known)


def _is_touched(name: str, plan: UpgradePlan, old: Mapping[str, Thing], new: Mapping[str, Thing]) -> bool:
    changed = {*plan.changes.new, *plan.changes.changed}
    return name in changed or old.get(name, {}).get("version") != new.get(name, {}).get("version")


def _module(name: str, seen: Seen, old: Mapping[str, Thing], new: Mapping[str, Thing]) -> Module:
    seconds, queries = seen.told.modules[name]
    return Module(
        name=name,
        before=old[name]["version"] if name in old else "",
        after=new[name]["version"] if name in new else "",
        seconds=seconds,
        queries=queries,
    )


def _of_other_series(plan: UpgradePlan) -> tuple[str, ...]:
    """Return the project's own modules whose version names another series than the target."""
    source, series = plan.target.source, plan.target.series
    found = {name: modules.find(name, source.addons_paths) for name in source.modules}
    versions = {name: str(modules.read_manifest(addon).get("version", "")) for name, addon in found.items() if addon}
    # A version of five parts begins with its series; a shorter one gets the series of the Odoo that loads it.
    return tuple(
        sorted(name for name, text in versions.items() if text.count(".") == 4 and not text.startswith(f"{series}."))
    )


def _views(seen: Seen) -> Views:
    known = set(() if seen.baseline is None else seen.baseline.broken_views)
    disabled: Sequence[str] = ()
    if seen.before is not None and seen.after is not None:
        old, new = seen.before.things["views"], seen.after.things["views"]
        disabled = sorted(name for name in set(old) & set(new) if old[name]["active"] and not new[name]["active"])
    return Views(
        tried=seen.views.tried or 0,
        broken=tuple(_view(view) for view in seen.views.refused if view.name not in known),
        known_broken=tuple(_view(view) for view in seen.views.refused if view.name in known),
        disabled=tuple(disabled),
        error=seen.views_error,
    )


def _view(view: RefusedView) -> View:
    return View(name=view.name, model=view.model, error=view.error)


def _advisories(ctx: StepContext, plan: UpgradePlan) -> tuple[Advisory, ...]:
    """Return where the project's own code meets what changes between the two series, and what a migrator says of it."""
    if odoo_series.number(plan.target.series) <= odoo_series.number(plan.source.series):
        return ()
    found = match_advisories(ctx, plan.target, plan.target.series, source_series=plan.source.series)
    quotes = quote_migrator(ctx, plan.target, source_series=plan.source.series, target_series=plan.target.series)
    quoted = tuple(
        Advisory(
            target=plan.target.series, severity="warning", text=f"odoo-module-migrator: {quote.text}", where=quote.file
        )
        for quote in quotes
    )
    return quoted + tuple(
        Advisory(
            target=match.advisory.to_version,
            severity=match.advisory.severity,
            text=match.advisory.summary if match.certain else f"{match.advisory.summary} This use is only possible.",
            where=f"{match.file}:{match.line}" if match.file else match.module,
        )
        for match in found.matches
    )


def _earlier(ctx: StepContext, series: str) -> tuple[Earlier, ...]:
    found = ctx.control.upgrades.list(ctx.project.id, target_series=series, limit=_EARLIER)
    return tuple(
        Earlier(
            run=one.report["run"],
            created_at=one.created_at.isoformat(),
            git_sha=one.git_sha,
            colour=one.verdict,
            seconds=float(one.seconds),
            downtime_seconds=None if one.downtime_seconds is None else float(one.downtime_seconds),
            new_errors=one.new_errors,
            new_warnings=one.new_warnings,
        )
        for one in reversed(found)
    )


def _keep_logs(ctx: StepContext, seen: Seen) -> None:
    """Keep the engine's logs as one file, whose lines the report names, and the others beside it."""
    whole = b"".join(path.read_bytes() for path in seen.logs)
    named = [("upgrade.log", whole)]
    for name in _LOGS:
        path = ctx.run_folder / f"{name}-{ctx.run.attempt}.log"
        if path.is_file():
            named.append((f"{name}.log", path.read_bytes()))
    for key, data in named:
        ctx.keep(key, data, content_type="text/plain")


def _keep_pages(ctx: StepContext, report: Report) -> None:
    for key, text, kind in (
        ("upgrade-report.md", markdown(report), "text/markdown"),
        ("upgrade-report.html", page(report), "text/html"),
    ):
        ctx.keep(key, text.encode(), content_type=kind)


def _keep_report(ctx: StepContext, report: Report) -> UUID:
    """Keep the report, and return the id of the evidence."""
    data = report.model_dump_json(indent=1).encode()
    return keep_report(ctx, kind="upgrade_preview", key="upgrade-report.json", data=data)
