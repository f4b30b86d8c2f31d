"""`ops audit`: verify the audit trail, and take it out as a sealed file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from odooops_dagster.doors.cli.arguments import OnlyProject, ProjectSlug
from odooops_dagster.doors.cli.output import Json, note, print_fields, print_json, print_rows, say
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.errors import BadInput
from odooops_dagster.files import write_whole
from odooops_dagster.model.trail import read_seal, sealed_lines

app = typer.Typer(help="Verify and export the audit trail.", no_args_is_help=True)


@app.command()
def verify(
    project: OnlyProject = None,
    *,
    file: Annotated[
        Path | None, typer.Option(help="An exported file, instead of the database.", show_default=False)
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option(help="A hash recorded elsewhere: of a checkpoint, or the seal of the file.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Verify the hash chains, or an exported file. Exit status 1 if anything was edited."""
    if file is not None:
        _verify_file(file, anchor=anchor, json=json)
        return
    with control_plane() as control:
        chains = control.audit.verify(control.projects.get(project).id if project else None, anchor=anchor)
    print_rows(chains, columns=("chain", "links", "broken"), json=json)
    if any(chain["broken"] for chain in chains):
        raise typer.Exit(1)


@app.command()
def export(
    project: ProjectSlug,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write. [default: the terminal]", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Export everything on a project's record, a line each; the last line seals all others."""
    with control_plane() as control:
        lines = list(sealed_lines(control.audit.trail(control.projects.get(project).id)))
    if out is None:
        for line in lines:
            say(line)
        return
    write_whole(out, "".join(f"{line}\n" for line in lines).encode())
    seal = read_seal(lines).seal
    if json:
        print_json({"file": out, "entries": len(lines) - 1, "seal": seal})
    else:
        note(f"{len(lines) - 1} entries in {out}; keep its seal elsewhere: {seal}")


def _verify_file(file: Path, *, anchor: str | None, json: bool) -> None:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"{file} cannot be read: {exc}", hint="ops audit export PROJECT --out FILE writes one") from exc
    found = read_seal(lines)
    intact = found.is_intact and anchor in (None, found.seal)
    print_fields({"file": file, "entries": found.entries, "seal": found.seal, "intact": intact}, json=json)
    if not intact:
        raise typer.Exit(1)
