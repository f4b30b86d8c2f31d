"""Runs: the list of a project's, one run whole, cancel and retry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query, Response

from odooops_dagster.control.pages import RUNS_OF_PROJECT
from odooops_dagster.doors.artifacts import artifact_for_people
from odooops_dagster.doors.http.api.paging import page_of, page_query
from odooops_dagster.doors.http.console.changes import BILL
from odooops_dagster.doors.http.console.charts import Bar
from odooops_dagster.doors.http.console.logs import WINDOW, window
from odooops_dagster.doors.http.console.rendering import done, lasting, page
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import Posted, ProjectVisit, SignedIn
from odooops_dagster.model import FINISHED, Run
from odooops_dagster.platform import Platform

_LISTED = 40

router = pages()


@router.get("/projects/{slug}/runs")
def show_runs(visit: SignedIn, slug: str, after: Annotated[str | None, Query(max_length=500)] = None) -> Response:
    """Show the project's runs, newest first, and how long each took."""
    here = visit.of(slug)
    asked = page_query(limit=_LISTED, after=after)
    found = page_of(here.control, RUNS_OF_PROJECT, Run.from_row, asked, project_id=here.project.id)
    return page(here, "runs.html", runs=found.items, next=found.next, plot=_plot(found.items))


@router.get("/projects/{slug}/runs/{number}")
def show_run(visit: SignedIn, slug: str, number: int) -> Response:
    """Show a run: how it goes and why, its steps, checks and files, and the end of its log."""
    here = visit.of(slug)
    run = here.control.runs.by_number(here.project.slug, number)
    return page(here, "run.html", **_about(here, run), **window(here, run))


@router.get("/projects/{slug}/runs/{number}/artifacts/{name}")
def download_artifact(visit: SignedIn, slug: str, number: int, name: str) -> Response:
    """Return a file that the run left, as text."""
    run = visit.control.runs.by_number(slug, number)
    platform: Platform = visit.request.app.state.platform
    return artifact_for_people(visit.control, platform.store, run, name)


@router.post("/projects/{slug}/runs/{number}/cancel")
def cancel_run(visit: SignedIn, slug: str, number: int, form: Posted) -> Response:
    """Cancel a waiting run, or ask a working one to end."""
    run = visit.control.runs.by_number(slug, number)
    visit.control.runs.cancel(run.id, reason=form.get("reason") or None)
    return done(f"/projects/{slug}/runs/{number}")


@router.post("/projects/{slug}/runs/{number}/retry")
def retry_run(visit: SignedIn, slug: str, number: int) -> Response:
    """Queue an ended run again, and show the new run."""
    again = visit.control.runs.get(visit.control.runs.retry(visit.control.runs.by_number(slug, number).id))
    return done(f"/projects/{slug}/runs/{again.run_number}")


def _about(here: ProjectVisit, run: Run) -> dict[str, Any]:
    control = here.control
    steps = control.console.steps(run.id)
    artifacts = control.artifacts.list(run.id)
    checks = [row for row in control.checks.list(run.id) if row["attempt"] == run.attempt]
    return {
        "run": run,
        "is_over": run.status in FINISHED,
        "outlook": control.runs.outlook(run),
        "usual": control.runs.usual_duration(run.project_id, run.kind),
        "hint": control.logs.hint(run),
        "steps": steps,
        "unfinished": _unfinished(run, steps[-1].finished_at if steps else run.started_at),
        "checks": checks,
        "artifacts": artifacts,
        "has_bill": any(row["artifact_key"] == BILL for row in artifacts),
        "most": WINDOW,
    }


def _unfinished(run: Run, since: datetime | None) -> tuple[str, timedelta] | None:
    """Return how the step after the last finished one goes, and for how long it has; None where there is none."""
    if since is None or run.status not in ("running", "failed", "canceled"):
        return None
    told = {"running": "is at work", "failed": "failed", "canceled": "was cut off"}[run.status]
    return f"the next one, which {told}", (run.finished_at or datetime.now(UTC)) - since


def _plot(runs: list[Run]) -> list[Bar]:
    """Return a bar for each ended run, the oldest first."""
    ended = [run for run in reversed(runs) if run.started_at and run.finished_at]
    spans = [(run, (run.finished_at - run.started_at).total_seconds()) for run in ended]  # type: ignore[operator]
    return [
        Bar(value=took, label=f"#{run.run_number} {run.kind}: {lasting(took)}", css=run.status) for run, took in spans
    ]
