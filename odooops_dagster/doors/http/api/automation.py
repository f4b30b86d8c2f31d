"""Workflows, tools and upgrade advisories."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.parameters import OfProject, project_id
from odooops_dagster.doors.http.api.problems import CHANGE
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.model.automation import Advisory, Tool, Workflow, WorkflowType

router = noun_router("automation")


class WorkflowChange(BaseModel):
    """What a workflow is made of or changed to; what is missing stays as it is."""

    workflow_type: WorkflowType | None = None
    config: dict[str, Any] | None = Field(default=None, description="branches, priority, max_attempts, run.")
    is_enabled: bool | None = None


class ToolPin(BaseModel):
    """To what a tool is pinned; an image has its digest besides, since its tag may be another one tomorrow."""

    version: str = Field(max_length=100)
    docker_image: str | None = Field(default=None, description="The image's name without a digest.", max_length=255)
    digest: str | None = Field(default=None, description="The image's digest, such as sha256:2c26….", max_length=71)


@router.get("/v1/workflows", operation_id="list_workflows")
def list_workflows(control: Control, project: OfProject = None) -> list[Workflow]:
    """List the workflows in force, the platform's own too, each with its newest run."""
    return [Workflow.from_row(row) for row in control.workflows.list(project)]


@router.post("/v1/projects/{project}/workflows/{name}", operation_id="set_workflow", responses=CHANGE)
def set_workflow(control: Control, project: str, name: str, body: WorkflowChange) -> Workflow:
    """Make a workflow of the project, or change it, and return it."""
    slug = _slug(control, project)
    control.workflows.set(slug, name, workflow_type=body.workflow_type, config=body.config, is_enabled=body.is_enabled)
    rows = control.workflows.list(slug)
    return next(Workflow.from_row(row) for row in rows if row["name"] == name)


@router.get("/v1/tools", operation_id="list_tools")
def list_tools(control: Control) -> list[Tool]:
    """List the tools that runs use."""
    return [Tool.from_row(row) for row in control.tools.list()]


@router.put("/v1/tools/{name}", operation_id="set_tool", responses=CHANGE)
def set_tool(control: Control, name: str, body: ToolPin) -> Tool:
    """Pin a tool to a version and an image for every project; it takes the permission `pin_tool` of persona sre."""
    return Tool.from_row(
        control.tools.set(name, version=body.version, docker_image=body.docker_image, digest=body.digest)
    )


@router.get("/v1/projects/{project}/advisories", operation_id="list_advisories")
def list_advisories(control: Control, project: str) -> list[Advisory]:
    """List what a move of the project to each next series brings, and how much of it its modules use."""
    return [Advisory.from_row(row) for row in control.advisories.of_project(_slug(control, project))]


def _slug(control: Control, project: str) -> str:
    """Return the project's slug, which is named by its slug or its id; it is one that the caller may see."""
    found = project_id(control, project)
    return next((each.slug for each in control.projects.list() if each.id == found), project)
