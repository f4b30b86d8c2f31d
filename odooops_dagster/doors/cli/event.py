"""`ops event`: events of builds, gates, deployments and environments, and their outcome."""

from __future__ import annotations

from typing import Annotated

import typer

from odooops_dagster.doors.cli.arguments import Limit, OnlyProject
from odooops_dagster.doors.cli.lookup import release_of
from odooops_dagster.doors.cli.output import Json, Wide, print_fields, print_rows
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.doors.cli.send_event import send
from odooops_dagster.errors import BadInput
from odooops_dagster.model.releases import ProcessingStatus

app = typer.Typer(help="Send events, and look at their log, refused ones too.", no_args_is_help=True)
app.command()(send)

_COLUMNS = ("id", "received_at", "event_type", "source", "processing_status", "error", "idempotency_key", "caller_id")


@app.command("list")
def list_(
    project: OnlyProject = None,
    *,
    release: Annotated[
        str | None, typer.Option(help="Only those about this version; needs the project.", show_default=False)
    ] = None,
    status: Annotated[
        ProcessingStatus | None, typer.Option(help="Only those of this status.", show_default=False)
    ] = None,
    limit: Limit = 20,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List deliveries of events, newest first, with those of the platform's own runs."""
    if release is not None and project is None:
        raise BadInput("a version belongs to a project", hint="ops event list PROJECT --release VERSION")
    with control_plane() as control:
        project_id = control.projects.get(project).id if project else None
        release_id = release_of(control, str(project), release).id if release else None
        rows = control.events.list(project_id, release_id=release_id, status=status, limit=limit)
    print_rows(rows, columns=_COLUMNS, json=json, wide=wide, empty="nothing was told yet")


@app.command()
def show(
    event: Annotated[int, typer.Argument(metavar="EVENT", help="The number that ops event list shows.")],
    *,
    json: Json = False,
) -> None:
    """Show a delivery with its envelope and what came of it."""
    with control_plane() as control:
        found = control.events.get(event)
    print_fields(found, json=json)
