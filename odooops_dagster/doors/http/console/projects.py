"""The projects, and the branches of one by stage."""

from __future__ import annotations

from fastapi import Response

from odooops_dagster.control.pages import PROJECTS, Listing
from odooops_dagster.doors.http.console.rendering import done, page
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import Posted, SignedIn, user_of
from odooops_dagster.errors import BadInput
from odooops_dagster.kinds import STAGES
from odooops_dagster.model import Project
from odooops_dagster.tools.odoo.series import known, series

_BRANCHES = Listing(relation="v_branches", order=("partition_key", "id"))
_MOST = 500

router = pages()


@router.get("/")
def show_projects(visit: SignedIn) -> Response:
    """Show the projects that the person may see."""
    rows = visit.control.pages.read(PROJECTS, limit=_MOST)
    found = sorted((Project.from_row(row) for row in rows), key=lambda each: each.slug)
    creates = visit.session.seen_as is None and "create_project" in visit.control.console.permissions(None)
    return page(visit, "projects.html", projects=found, creates=creates, all_series=reversed(known()))


@router.post("/projects")
def create_project(visit: SignedIn, form: Posted) -> Response:
    """Create a project with its first owner."""
    made = visit.control.projects.create(
        form.get("slug", ""),
        repo_url=form.get("repo", ""),
        odoo_version=series(form.get("odoo", "")).name,
        workspace_key=form.get("workspace_key") or None,
        default_branch=form.get("branch") or "main",
        poll_enabled=form.get("poll") == "yes",
        owner=user_of(form) if form.get("user") else None,
    )
    return done(f"/projects/{made.slug}")


@router.get("/projects/{slug}")
def show_branches(visit: SignedIn, slug: str) -> Response:
    """Show the project's branches by stage."""
    here = visit.of(slug)
    rows = here.control.pages.read(_BRANCHES, limit=_MOST, project_slug=here.project.slug)
    listed = [row for row in rows if row["status"] != "destroyed"]
    lanes = {stage: [row for row in reversed(listed) if row["stage"] == stage] for stage in STAGES}
    without = here.control.policies.branches_without_preview(here.project.id)
    return page(here, "branches.html", lanes=lanes, without=without)


@router.post("/projects/{slug}/branches")
def make_branch(visit: SignedIn, slug: str, form: Posted) -> Response:
    """Make an environment for a branch; its next push deploys there."""
    here = visit.of(slug)
    if not form.get("branch"):
        raise BadInput("No branch is named", hint="write the branch's name")
    here.control.environments.ensure(here.project.id, branch=form["branch"])
    return done(f"/projects/{here.project.slug}")
