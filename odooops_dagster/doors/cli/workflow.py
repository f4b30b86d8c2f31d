"""`ops workflow`: what a project's pushes and clocks queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from odooops_dagster.doors.cli.arguments import OnlyProject, ProjectSlug
from odooops_dagster.doors.cli.json_argument import json_object
from odooops_dagster.doors.cli.output import Json, note, print_rows
from odooops_dagster.doors.cli.ports import acting, control_plane

app = typer.Typer(help="Manage workflows: what a project's pushes and clocks queue.", no_args_is_help=True)

_EXAMPLE = """--config '{"branches": ["release/*"]}'"""
_COLUMNS = ("project_slug", "name", "workflow_type", "is_enabled", "config", "last_run_number", "git_ref", "git_sha")

WorkflowName = Annotated[
    str,
    typer.Argument(
        metavar="WORKFLOW", help="Its name; the platform's own are named as their type.", show_default=False
    ),
]


@app.command("list")
def list_(project: OnlyProject = None, *, json: Json = False) -> None:
    """List workflows, the platform's own too, each with its newest run."""
    with control_plane() as control:
        if project is not None:
            control.projects.get(project)
        rows = control.workflows.list(project)
    print_rows(rows, columns=_COLUMNS, json=json, empty="no project yet: ops project create")


@app.command("set")
def set_(
    project: ProjectSlug,
    workflow: WorkflowName,
    *,
    type_: Annotated[
        str | None,
        typer.Option("--type", help="build, test, deploy, backup or upgrade; needed once.", show_default=False),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(help='JSON: branches, priority, max_attempts, run. Such as {"branches": ["release/*"]}'),
    ] = None,
) -> None:
    """Make a workflow, or change its config. The first that takes a branch, in the order of their making, counts."""
    _set(
        project,
        workflow,
        type_=type_,
        config=None if config is None else json_object(config, what="--config", example=_EXAMPLE),
    )
    note(f"{project}: workflow {workflow} is set")


@app.command()
def enable(project: ProjectSlug, workflow: WorkflowName) -> None:
    """Let pushes, clocks and people ask for runs again; what was pushed meanwhile is built at the next poll."""
    _set(project, workflow, is_enabled=True)
    note(f"{project}: workflow {workflow} is enabled")


@app.command()
def disable(project: ProjectSlug, workflow: WorkflowName) -> None:
    """Let nothing ask for runs by it: pushes wait, and a night is left out. What waits in the queue stays there."""
    _set(project, workflow, is_enabled=False)
    note(f"{project}: workflow {workflow} is disabled")


def _set(
    project: str,
    workflow: str,
    *,
    type_: str | None = None,
    config: Mapping[str, Any] | None = None,
    is_enabled: bool | None = None,
) -> None:
    with control_plane() as control:
        control.workflows.set(
            project, workflow, workflow_type=type_, config=config, is_enabled=is_enabled, set_by=acting(control, None)
        )
