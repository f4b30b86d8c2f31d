"""Upgrade previews: how each went, and the report of one."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response
from starlette.responses import HTMLResponse

from odooops_dagster.doors.http.console.charts import Bar
from odooops_dagster.doors.http.console.rendering import page
from odooops_dagster.doors.http.console.routes import FRAMED, pages
from odooops_dagster.doors.http.console.session import SignedIn
from odooops_dagster.model.upgrades import UpgradePreview
from odooops_dagster.tools.upgrade_report.form import Report
from odooops_dagster.tools.upgrade_report.page import page as page_of_report

_LISTED = 60

router = pages()


@router.get("/projects/{slug}/upgrades")
def show_upgrades(visit: SignedIn, slug: str) -> Response:
    """Show the project's upgrade previews, newest first, and how their errors went over time."""
    here = visit.of(slug)
    found = here.control.upgrades.list(here.project.id, limit=_LISTED)
    return page(here, "upgrades.html", previews=found, plot=_plot(found))


@router.get("/projects/{slug}/upgrades/{run_id}")
def show_upgrade(visit: SignedIn, slug: str, run_id: UUID) -> Response:
    """Show the report of the upgrade preview that a run made."""
    here = visit.of(slug)
    preview = here.control.upgrades.get(run_id)
    return page(here, "upgrade.html", run=here.control.runs.get(run_id), preview=preview)


@router.get("/projects/{slug}/upgrades/{run_id}/report")
def show_report(visit: SignedIn, run_id: UUID) -> Response:
    """Return the report, for a frame in which nothing runs."""
    report = Report.model_validate(visit.control.upgrades.get(run_id).report)
    return HTMLResponse(page_of_report(report), headers=FRAMED)


def _plot(found: list[UpgradePreview]) -> list[Bar]:
    return [
        Bar(
            value=each.new_errors,
            label=f"{each.created_at:%Y-%m-%d} {each.git_sha[:10]}: {each.new_errors} new errors, {each.verdict}",
            css=each.verdict,
        )
        for each in reversed(found)
    ]
