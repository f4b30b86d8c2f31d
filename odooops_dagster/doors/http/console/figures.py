"""Plots of a project: how long steps take and runs wait, how old backups get, what drills measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from fastapi import Response

from odooops_dagster.control.pages import BACKUPS, RUNS_OF_PROJECT
from odooops_dagster.doors.http.console.charts import Bar
from odooops_dagster.doors.http.console.rendering import lasting, page, size
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import ProjectVisit, SignedIn
from odooops_dagster.model import Drill, Run, RunKind

_DRAWN = 60
_KINDS: tuple[RunKind, ...] = ("deploy", "build", "promote", "backup", "clone")

router = pages()


@router.get("/projects/{slug}/figures")
def show_figures(visit: SignedIn, slug: str, kind: RunKind = "deploy") -> Response:
    """Draw the project's plots; the steps are those of runs of a kind."""
    here = visit.of(slug)
    drills = [each for each in reversed(here.control.drills.list(here.project.id)[:_DRAWN]) if each.passed]
    plots = {
        **{f"Step {step} of {kind} runs": plot for step, plot in _steps(here, kind).items()},
        "How long runs waited in the queue": list(_waits(here)),
        **_backups(here),
        "Until Odoo answered in a drill (RTO)": _drilled(drills, "rto_seconds"),
        "Data that a drill had lost (RPO)": _drilled(drills, "rpo_seconds"),
    }
    return page(
        here, "figures.html", plots={name: plot for name, plot in plots.items() if plot}, kind=kind, kinds=_KINDS
    )


def _steps(here: ProjectVisit, kind: RunKind) -> dict[str, list[Bar]]:
    """Return a plot for each step."""
    found: dict[str, list[Bar]] = {}
    for row in here.control.console.step_durations(here.project.id, kind):
        bar = Bar(value=row["seconds"], label=f"#{row['run_number']}: {lasting(row['seconds'])}")
        found.setdefault(row["step"], []).append(bar)
    return found


def _waits(here: ProjectVisit) -> Iterator[Bar]:
    """Yield how long each of the newest runs waited until it was first claimed, the oldest first."""
    rows = here.control.pages.read(RUNS_OF_PROJECT, limit=_DRAWN, project_id=here.project.id)
    for run in (Run.from_row(row) for row in reversed(rows)):
        if run.started_at is not None:
            wait = (run.started_at - run.created_at).total_seconds()
            yield Bar(value=wait, label=f"#{run.run_number} {run.kind}: {lasting(wait)}", css=run.status)


def _backups(here: ProjectVisit) -> dict[str, list[Bar]]:
    """Return the sizes of production's backups, and how old the newest one was when the next one was taken."""
    rows = here.control.pages.read(BACKUPS, limit=_DRAWN, project_id=here.project.id, stage="production")
    taken = [row for row in reversed(rows) if row["taken_at"]]
    sizes = [
        Bar(value=row["size_bytes"], label=f"{_at(row['taken_at'])}: {size(row['size_bytes'])}")
        for row in taken
        if row["size_bytes"]
    ]
    verified = [row["taken_at"] for row in taken if row["verified_at"]]
    ages = [((after - before).total_seconds(), after) for before, after in pairwise(verified)]
    return {
        "Sizes of production's backups": sizes,
        "Age of the newest verified backup when the next was taken": [
            Bar(value=age, label=f"{_at(after)}: {lasting(age)}") for age, after in ages
        ],
    }


def _drilled(drills: Iterable[Drill], figure: str) -> list[Bar]:
    found = ((each, getattr(each, figure)) for each in drills)
    return [
        Bar(value=float(value), label=f"{_at(each.started_at)}: {lasting(value)}")
        for each, value in found
        if value is not None
    ]


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
