"""`ops audit`: verify the audit trail against itself and its anchors, take it out as a sealed file, report on it."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import OnlyProject, ProjectSlug
from odooops_dagster.doors.cli.compliance import report_of_month, report_of_release
from odooops_dagster.doors.cli.lookup import release_of
from odooops_dagster.doors.cli.output import Json, json_text, note, print_fields, print_json, print_rows, say
from odooops_dagster.doors.cli.person_key import read_key
from odooops_dagster.doors.cli.ports import control_plane, store
from odooops_dagster.errors import BadInput
from odooops_dagster.model.report import Report
from odooops_dagster.model.trail import read_seal, sealed_lines

if TYPE_CHECKING:
    from odooops_dagster.checks.anchored import AnchorsVerdict

app = typer.Typer(help="Verify and export the audit trail.", no_args_is_help=True)


@app.command()
def verify(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="PROJECT|FILE", help="A project, or an exported file. [default: everything]", show_default=False
        ),
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option(help="An exported file, instead of the database.", show_default=False)
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option(help="A hash recorded elsewhere: of a checkpoint, or a seal.", show_default=False),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="The platform's public key: every anchor has to be signed with it.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Verify the hash chains and their anchors in the store, or an exported file. Exit status 1 if it was edited."""
    file = file or _file_named(what)
    if key is not None and (file is not None or what is not None):
        raise BadInput("--key is about the anchors, which are of all projects", hint="ops audit verify --key FILE")
    if file is not None:
        _verify_file(file, anchor=anchor, json=json)
        return
    with control_plane() as control:
        chains = _chains(control, what, anchor=anchor, key=key)
    print_rows(chains, columns=("chain", "links", "broken"), json=json)
    if any(chain["broken"] for chain in chains):
        raise typer.Exit(1)


@app.command()
def export(
    project: OnlyProject = None,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write. [default: the terminal]", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Export everything on record, a line each, each linked to the one before; the last line seals all others."""
    with control_plane() as control:
        lines = sealed_lines(control.audit.trail(control.projects.get(project).id if project else None))
        if out is None:
            for line in lines:
                say(line)
            return
        last = _written(lines, out)
    entries, seal = last["entries"], last["seal"]
    if json:
        print_json({"file": out, "entries": entries, "seal": seal})
    else:
        note(f"{entries} entries in {out}; keep its seal elsewhere: {seal}")


@app.command()
def report(
    project: ProjectSlug,
    *,
    release: Annotated[str | None, typer.Option(metavar="VERSION", help="Of this release.", show_default=False)] = None,
    month: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Of this month, in UTC.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A file whose name ends in .json, .html or .pdf.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Report what the record states about a release or a month: gates, decisions, evidence, deployments, incidents."""
    from odooops_dagster.files import write_whole

    if (release is None) == (month is None):
        raise BadInput("a report is of a release or of a month", hint="--release VERSION, or --month 2026-10")
    now = datetime.now(UTC)
    with control_plane() as control:
        found = control.projects.get(project)
        made = (
            report_of_release(control, found, release_of(control, project, release), at=now)
            if release is not None
            else report_of_month(control, found, str(month), at=now)
        )
    if out is not None:
        write_whole(out, _bytes_of(made, out))
        note(f"{made.title}: {out}")
    elif json:
        print_json(made.facts())
    else:
        _print_sections(made)


def _bytes_of(made: Report, file: Path) -> bytes:
    """Return the report in the format that the file's name asks for."""
    from odooops_dagster.tools.print_page import print_page

    if file.suffix == ".json":
        return f"{json_text(made.facts())}\n".encode()
    if file.suffix == ".html":
        return made.page().encode()
    if file.suffix == ".pdf":
        return print_page(made.page())
    raise BadInput(f"{file}: a report is .json, .html or .pdf", hint="such as --out report.html")


def _print_sections(made: Report) -> None:
    say(made.title)
    for section in made.sections:
        note(f"\n{section.title} ({section.source})")
        print_rows(section.facts(), columns=section.columns)


def _chains(
    control: ControlPlane, project: str | None, *, anchor: str | None, key: Path | None
) -> list[dict[str, Any]]:
    """Return the chains of the project, or all chains with the anchors; `anchor` is a seal that was kept elsewhere."""
    from odooops_dagster.checks.anchored import check_anchors
    from odooops_dagster.tools.bundle.envelopes import public_key_of
    from odooops_dagster.tools.store.anchors import AnchorFiles

    if project is not None:
        return control.audit.verify(control.projects.get(project).id, anchor=anchor)
    files = AnchorFiles(store(), control.plane.get().id)
    found = check_anchors(control, files, key=public_key_of(read_key(key)) if key else None)
    chains = control.audit.verify(anchor=None if anchor in found.seals else anchor)
    return [*chains, _anchors(found)]


def _anchors(found: AnchorsVerdict) -> dict[str, Any]:
    """Return how the record compares with its anchors, as a row of the chains."""
    if found.until is None:
        note("nothing is anchored yet: the schedule audit_anchor does it every hour")
    else:
        note(f"anchored until {found.until:%Y-%m-%d %H:%M %Z}; the seal of the newest anchor: {found.seals[-1]}")
    broken = [f"{fault.chain} {fault.entry} {fault.fault}" for fault in found.faults]
    return {"chain": "anchors", "links": len(found.seals), "broken": broken}


def _written(lines: Iterable[str], file: Path) -> dict[str, Any]:
    """Write the lines as they come, and return what the last one says: the seal, and over how many entries it is."""
    from odooops_dagster.files import whole_file

    line = ""
    with whole_file(file) as stream:
        for line in lines:
            stream.write(f"{line}\n".encode())
    told: dict[str, Any] = json_format.loads(line)
    return told


def _file_named(what: str | None) -> Path | None:
    """Return the path that the word is: no project's slug has a dot or a slash."""
    return Path(what) if what is not None and ("." in what or "/" in what) else None


def _verify_file(file: Path, *, anchor: str | None, json: bool) -> None:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"{file} cannot be read: {exc}", hint="ops audit export PROJECT --out FILE writes one") from exc
    found = read_seal(lines)
    faults = list(found.faults)
    if anchor not in (None, found.seal):
        faults.append("its seal is not the one that was kept")
    print_fields(
        {"file": file, "entries": found.entries, "seal": found.seal, "intact": not faults, "faults": faults}, json=json
    )
    if faults:
        raise typer.Exit(1)
