"""Backups: the age of what could be restored, why each is kept, drills, restore."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Response

from odooops_dagster.control.pages import BACKUPS
from odooops_dagster.doors.http.console.charts import Bar
from odooops_dagster.doors.http.console.rendering import done, page, size
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import Posted, SignedIn
from odooops_dagster.errors import BadInput

_LISTED = 60

router = pages()


@router.get("/projects/{slug}/backups")
def show_backups(visit: SignedIn, slug: str) -> Response:
    """Show the project's backups, newest first."""
    here = visit.of(slug)
    rows = here.control.pages.read(BACKUPS, limit=_LISTED, project_id=here.project.id)
    environments = {each.id: each for each in here.control.environments.list(here.project.slug)}
    freshness = here.control.backups.freshness(here.project.id)
    drills = here.control.drills.list(here.project.id)
    return page(
        here,
        "backups.html",
        backups=rows,
        environments=environments,
        freshness=freshness,
        drills=drills,
        plot=_plot(rows),
    )


@router.post("/projects/{slug}/backups")
def create_backup(visit: SignedIn, slug: str, form: Posted) -> Response:
    """Queue a backup of an environment."""
    here = visit.of(slug)
    here.control.backups.create(
        here.project.id, env=form.get("environment", ""), label=form.get("label") or None, trigger="api"
    )
    return done(f"/projects/{here.project.slug}/backups")


@router.post("/projects/{slug}/backups/{backup_id}/restore")
def restore_backup(visit: SignedIn, slug: str, backup_id: UUID, form: Posted) -> Response:
    """Restore a backup into the environment whose name was typed, and show the run that does it."""
    here = visit.of(slug)
    target = form.get("target", "")
    if not target or form.get("confirm") != target:
        raise BadInput("The environment's name is not typed", hint=f"type {target or 'its name'} to replace its data")
    run_id = here.control.backups.restore(backup_id, target_env=target).run_id
    if run_id is None:
        return done(f"/projects/{here.project.slug}/backups")
    return done(f"/projects/{here.project.slug}/runs/{here.control.runs.get(run_id).run_number}")


def _plot(rows: list[dict[str, Any]]) -> list[Bar]:
    return [
        Bar(value=float(row["size_bytes"]), label=f"{row['taken_at']:%Y-%m-%d %H:%M}: {size(row['size_bytes'])}")
        for row in reversed(rows)
        if row["size_bytes"] and row["taken_at"]
    ]
