"""`ops incident`: what went wrong, who opened it, and how it ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from odooops_dagster.doors.cli.arguments import As, OnlyProject, ProjectSlug
from odooops_dagster.doors.cli.lookup import id_beginning
from odooops_dagster.doors.cli.output import Json, Wide, note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.ports import acting, control_plane
from odooops_dagster.model.releases import Severity

app = typer.Typer(help="Manage incidents and alarms.", no_args_is_help=True)

_COLUMNS = ("id", "severity", "status", "title", "opened_by", "opened_at", "resolution")


@app.command("list")
def list_(
    project: OnlyProject = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List the open incidents, newest first, those of the platform itself among them."""
    with control_plane() as control:
        project_id = control.projects.get(project).id if project else None
        found = control.incidents.list(project_id, status=None if all_ else "open")
    print_rows(found, columns=_COLUMNS, json=json, wide=wide, empty="no incident is open")


@app.command("open")
def open_(
    project: ProjectSlug,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is wrong, in one line.", show_default=False)],
    *,
    description: Annotated[str, typer.Option(help="What is known of it.")] = "",
    severity: Annotated[Severity, typer.Option(help="How bad it is.")] = "major",
    as_: As = None,
    json: Json = False,
) -> None:
    """Open an incident of a project."""
    with control_plane() as control:
        opened = control.incidents.open(
            control.projects.get(project).id,
            title=title,
            description=description,
            severity=severity,
            opened_by=acting(control, as_),
        )
    print_fields(opened, json=json)


@app.command()
def resolve(
    incident: Annotated[
        str, typer.Argument(metavar="INCIDENT", help="The incident's id, or how it begins.", show_default=False)
    ],
    resolution: Annotated[
        str, typer.Argument(metavar="RESOLUTION", help="What came of it, in one sentence.", show_default=False)
    ],
    *,
    as_: As = None,
    json: Json = False,
) -> None:
    """Resolve an incident with what came of it."""
    with control_plane() as control:
        found = id_beginning(incident, (each.id for each in control.incidents.list()), noun="incident")
        ended = control.incidents.resolve(found, resolution=resolution, resolved_by=acting(control, as_))
    if json:
        print_json(asdict(ended))
    else:
        note(f"resolved: {ended.title}")
