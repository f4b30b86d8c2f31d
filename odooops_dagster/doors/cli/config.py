"""`ops config`: the settings that a repository brings in odooops.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from odooops_dagster.doors.cli.output import Json, note, print_json, print_rows, say
from odooops_dagster.errors import BadInput

if TYPE_CHECKING:
    from odooops_dagster.tools.project_file import Reading

app = typer.Typer(help="Check and explain odooops.yaml, a repository's own settings.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The repository's folder.")]
Revision = Annotated[str, typer.Argument(metavar="REVISION", help="A branch, tag or commit.", show_default=False)]


@app.command()
def init(folder: Folder = Path()) -> None:
    """Write a commented odooops.yaml that changes nothing."""
    from odooops_dagster.tools.project_file import EXAMPLE, NAME

    path = folder / NAME
    try:
        with path.open("x") as file:
            file.write(EXAMPLE)
    except FileExistsError as exc:
        raise BadInput(f"{path} exists", hint="ops config check") from exc
    note(f"wrote {path}")


@app.command()
def check(folder: Folder = Path(), *, json: Json = False) -> None:
    """Report every fault and every unknown key of odooops.yaml; exit 1 if there is any."""
    from odooops_dagster.tools.project_file import NAME, read_project_file

    _require_folder(folder)
    reading = read_project_file(folder)
    found = sorted((*reading.unknown, *reading.faults), key=lambda fault: fault.line)
    if json:
        print_json(found)
    else:
        for fault in found:
            say(str(fault))
    if found:
        raise typer.Exit(1)
    note(f"{NAME} is right" if (folder / NAME).exists() else f"there is no {NAME}: everything has its default")


@app.command()
def explain(folder: Folder = Path(), *, json: Json = False) -> None:
    """Show what the settings mean for each stage."""
    from odooops_dagster.kinds import STAGES
    from odooops_dagster.tools.project_file import read_project_file
    from odooops_dagster.tools.project_file.explain import effective

    _require_folder(folder)
    settings = _valid(read_project_file(folder)).settings
    rows = [
        {"stage": stage, "setting": name, "value": value}
        for stage in STAGES
        for name, value in effective(settings, stage).items()
    ]
    print_rows(rows, columns=("stage", "setting", "value"), json=json, empty="everything has its default")


@app.command()
def diff(old: Revision, new: Revision, folder: Folder = Path(), *, json: Json = False) -> None:
    """Show what changes for each stage between two revisions of the repository."""
    from odooops_dagster.kinds import STAGES
    from odooops_dagster.tools import git
    from odooops_dagster.tools.project_file import NAME, read_text
    from odooops_dagster.tools.project_file.explain import differences

    _require_folder(folder)
    before, after = (_valid(read_text(git.file_at(folder, name, NAME) or b"")).settings for name in (old, new))
    rows = [row for stage in STAGES for row in differences(before, after, stage)]
    print_rows(rows, columns=("stage", "setting", "old", "new"), json=json, empty="no setting differs")


@app.command()
def schema() -> None:
    """Print the JSON Schema of odooops.yaml, for editors."""
    from odooops_dagster.tools.project_file.page import schema_text

    say(schema_text(), nl=False)


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder", hint="name the repository's folder")


def _valid(reading: Reading) -> Reading:
    if reading.faults:
        raise BadInput("; ".join(map(str, reading.faults)), hint="ops config check")
    return reading
