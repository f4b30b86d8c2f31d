"""`ops backup`: copies of environments that prove themselves."""

from __future__ import annotations

import typer

from odooops_dagster.cli import exchange
from odooops_dagster.cli.arguments import OnlyProject
from odooops_dagster.cli.output import Json, print_rows
from odooops_dagster.cli.ports import control_plane

app = typer.Typer(help="Backups: copies of environments that prove themselves.", no_args_is_help=True)
app.command("export")(exchange.export)
app.command("import")(exchange.import_)

_COLUMNS = ("id", "status", "label", "taken_at", "size_bytes", "stored_bytes")


@app.command("list")
def list_(project: OnlyProject = None, *, json: Json = False) -> None:
    """List the backups, the newest first."""
    with control_plane() as control:
        owner = control.projects.get(project).id if project is not None else None
        backups = control.backups.list(owner)
    print_rows(backups, columns=_COLUMNS, json=json, empty="no backup yet: ops backup create PROJECT BRANCH")
