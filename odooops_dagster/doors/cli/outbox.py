"""`ops outbox`: what was told to forges and people, and what could not be."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from odooops_dagster.doors.cli.arguments import OnlyProject
from odooops_dagster.doors.cli.output import Json, Wide, note, print_rows
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.model.messages import MessageStatus

app = typer.Typer(help="Look at messages to forges and people.", no_args_is_help=True)

_COLUMNS = ("id", "created_at", "channel", "recipient", "kind", "state", "status", "tries", "next_at", "last_error")


@app.command("list")
def list_(
    project: OnlyProject = None,
    *,
    status: Annotated[MessageStatus | None, typer.Option(help="Only those that stand so.", show_default=False)] = None,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List the newest messages, the last one first, and why those that wait were not delivered."""
    with control_plane() as control:
        project_id = control.projects.get(project).id if project else None
        found = control.messages.list(project_id=project_id, status=status)
    print_rows(found, columns=_COLUMNS, json=json, wide=wide, empty="nothing was told")


@app.command()
def retry(
    project: OnlyProject = None,
    *,
    channel: Annotated[
        Literal["forge", "mail", "webhook", "apprise"] | None,
        typer.Option(help="Only those sent this way.", show_default=False),
    ] = None,
) -> None:
    """Send undelivered messages now, also those that were given up."""
    with control_plane() as control:
        project_id = control.projects.get(project).id if project else None
        count = control.messages.retry(project_id=project_id, channel=channel)
    note(f"{count} message(s) are due now")
