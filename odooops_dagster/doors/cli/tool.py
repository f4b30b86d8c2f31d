"""`ops tool`: the versions and images that runs use."""

from __future__ import annotations

from typing import Annotated

import typer

from odooops_dagster.doors.cli.output import Json, note, print_rows
from odooops_dagster.doors.cli.ports import acting, control_plane
from odooops_dagster.model.automation import pinned_image

app = typer.Typer(help="Manage tools: the versions and images that runs use.", no_args_is_help=True)

_COLUMNS = ("name", "version", "docker_image", "digest", "set_by", "set_at")


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List tools with their pins; a build's evidence `tools.json` has those of its time."""
    with control_plane() as control:
        rows = control.tools.list()
    print_rows(rows, columns=_COLUMNS, json=json, empty="no tool is pinned")


@app.command("set")
def set_(
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool's name, such as odoo.", show_default=False)],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The version that runs use.", show_default=False)],
    *,
    image: Annotated[
        str | None, typer.Option(help="Its image with its digest: NAME@sha256:DIGEST.", show_default=False)
    ] = None,
) -> None:
    """Pin a tool to a version, and to an image by its digest: a tag may be another image tomorrow."""
    name, digest = pinned_image(image) if image is not None else (None, None)
    with control_plane() as control:
        control.tools.set(tool, version=version, docker_image=name, digest=digest, set_by=acting(control, None))
    note(f"{tool} is pinned to {version}")
