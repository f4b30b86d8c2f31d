"""`ops image`: the images of builds in registries."""

from __future__ import annotations

from typing import Annotated

import typer

from odooops_dagster.doors.cli.output import Json, note, print_rows
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.errors import NotFound

app = typer.Typer(help="Look at the images of builds, and remove those that nothing needs.", no_args_is_help=True)

_COLUMNS = ("reference", "tags", "signed_by", "pushed_at", "used_at", "condemned_at")
_ANSWERS = ("question", "is_met", "detail")
_UNNEEDED = ("reference", "used_at")
Slug = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's slug.", show_default=False)]


@app.command("list")
def list_(project: Slug, *, json: Json = False) -> None:
    """List a project's images, with the key that signed each; removed ones are left out."""
    with control_plane() as control:
        rows = control.images.list(control.projects.get(project).slug)
    print_rows(rows, columns=_COLUMNS, json=json, empty="no image was pushed")


@app.command()
def explain(
    project: Slug,
    image: Annotated[
        str, typer.Argument(metavar="IMAGE", help="The image, or the beginning of its digest.", show_default=False)
    ],
    *,
    json: Json = False,
) -> None:
    """Say for each stage whether an image may be deployed there, and whether it may be removed."""
    with control_plane() as control:
        wanted = image.rpartition("@")[2].removeprefix("sha256:")
        rows = control.images.list(control.projects.get(project).slug)
        found = [row for row in rows if row["reference"].rpartition("@sha256:")[2].startswith(wanted)]
        if len(found) != 1:
            raise NotFound(f"{len(found)} images of {project} are {image}", hint=f"ops image list {project}")
        answers = [vars(answer) for answer in control.images.explain(found[0]["id"])]
    print_rows(answers, columns=_ANSWERS, json=json, empty="nothing is known of it")


@app.command()
def prune(
    project: Slug,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the images and remove nothing.")] = False,
    json: Json = False,
) -> None:
    """Ask for the removal of the images that nothing needs; job image_removal removes them within the hour."""
    with control_plane() as control:
        known = control.projects.get(project)
        rows = [vars(image) for image in control.images.to_remove(known.id)]
        count = 0 if dry_run else control.images.prune(known.id)
    print_rows(rows, columns=_UNNEEDED, json=json, empty="nothing is to be removed")
    if count:
        note(f"{count} image(s) will be removed by the job image_removal")
