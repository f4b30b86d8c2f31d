"""What a project's pushes and clocks queue, what waits, the tools of runs, and what a later series brings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from fastapi import Response

from odooops_dagster.control.database import Rows
from odooops_dagster.doors.http.console.rendering import done, page
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import Posted, ProjectVisit, SignedIn
from odooops_dagster.errors import BadInput, Forbidden
from odooops_dagster.model.automation import WorkflowType, pinned_image

router = pages()


@router.get("/projects/{slug}/automation")
def show_automation(visit: SignedIn, slug: str) -> Response:
    """Show the project's place in the queue, its workflows, the tools of runs, and upgrade advisories."""
    here = visit.of(slug)
    return page(
        here,
        "automation.html",
        queue=[row for row in here.control.runs.queued() if row["project_slug"] == here.project.slug],
        workflows=here.control.workflows.list(here.project.slug),
        types=get_args(WorkflowType),
        tools=here.control.tools.list(),
        advisories=_advisories(here),
    )


@router.post("/projects/{slug}/workflows")
def set_workflow(visit: SignedIn, slug: str, form: Posted) -> Response:
    """Make a workflow, or change what the form names of one."""
    here = visit.of(slug)
    here.control.workflows.set(
        here.project.slug,
        form.get("name", ""),
        workflow_type=form.get("type") or None,
        config=_config(form["config"]) if form.get("config") else None,
        is_enabled=form["enabled"] == "yes" if "enabled" in form else None,
    )
    return done(f"/projects/{here.project.slug}/automation")


@router.post("/projects/{slug}/tools")
def set_tool(visit: SignedIn, slug: str, form: Posted) -> Response:
    """Pin a tool for every project."""
    here = visit.of(slug)
    image, digest = pinned_image(form["image"]) if form.get("image") else (None, None)
    here.control.tools.set(form.get("tool", ""), version=form.get("version", ""), docker_image=image, digest=digest)
    return done(f"/projects/{here.project.slug}/automation")


def _advisories(here: ProjectVisit) -> Rows | None:
    """Return the advisories; None for a persona whom the database shows none."""
    try:
        return here.control.advisories.of_project(here.project.slug)
    except Forbidden:
        return None


def _config(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as exc:
        raise BadInput("The configuration is no JSON", hint='write an object, such as {"priority": 10}') from exc
    if not isinstance(found, dict):
        raise BadInput("The configuration is no object", hint='write an object, such as {"priority": 10}')
    return found
