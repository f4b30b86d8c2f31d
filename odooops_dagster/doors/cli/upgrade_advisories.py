"""`ops upgrade advisories`: what changes between two series, and what a project uses of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.output import Json, note, print_fields, print_json, print_rows, say
from odooops_dagster.doors.cli.ports import acting, control_plane, read_settings
from odooops_dagster.errors import BadInput
from odooops_dagster.model.advisories import SEVERITIES, Advisory, AdvisorySource, Match, Severity

app = typer.Typer(help="Manage advisories: what changes between two series.", no_args_is_help=True)

_SOURCES = ("from_version", "to_version", "name", "number", "release", "items", "imported_at")
_ITEMS = ("severity", "kind", "subject", "replacement", "summary", "source")
_MATCHES = ("severity", "certainty", "place", "summary")

Project = Annotated[
    str | None, typer.Option("--project", metavar="PROJECT", help="This project's own too.", show_default=False)
]
From = Annotated[str, typer.Option("--from", metavar="SERIES", help="The series now.", show_default=False)]
To = Annotated[str, typer.Option("--to", metavar="SERIES", help="The series to reach.", show_default=False)]


@app.command("import")
def import_(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="openupgrade, or a .toml, .yaml or .json file.", show_default=False)
    ],
    *,
    series: Annotated[
        str | None, typer.Option(help="For openupgrade: the series that it leads to.", show_default=False)
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(help="For openupgrade: a release of its package. [default: newest]", show_default=False),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(metavar="PROJECT", help="Import for this project alone. [default: for all]", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Import advisories from OpenUpgrade's scripts or from a file, in the place of that source's former ones."""
    found = _read(source, series=series, release=release)
    with control_plane() as control:
        project_id = control.projects.get(project).id if project else None
        done = control.advisories.record(found, project_id=project_id, imported_by=acting(control, None))
    counts = dict(sorted(Counter(item.kind for item in found.items).items()))
    told = {
        "source": found.name,
        "from_version": found.from_version,
        "to_version": found.to_version,
        "release": found.release,
        "sha256": found.sha256,
        "number": done.number,
        "is_new": done.is_new,
        "items": done.item_count,
        "counts": counts,
    }
    print_fields(told, json=json)
    if not done.is_new:
        note(f"this was import {done.number} already: nothing changed")


@app.command("list")
def list_(*, project: Project = None, json: Json = False) -> None:
    """List what was imported, by pair of series."""
    with control_plane() as control:
        rows = control.advisories.sources(project_id=_id(control, project))
    print_rows(
        rows, columns=_SOURCES, json=json, empty="nothing yet: ops upgrade advisories import openupgrade --series 19.0"
    )


@app.command()
def show(
    *,
    from_: From,
    to: To,
    about: Annotated[
        str, typer.Option(metavar="WORD", help="Only those whose subject or module begins so.", show_default=False)
    ] = "",
    project: Project = None,
    json: Json = False,
) -> None:
    """Show what changes on the way from one series to another."""
    with control_plane() as control:
        items = _on_the_way(control, from_, to, project=project)
    rows = [item for item in items if about in ("", item.module) or item.subject.startswith(about)]
    print_rows(rows, columns=_ITEMS, json=json, empty="nothing is known to change there")


@app.command()
def match(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER",
            help="A folder of modules. [default: what the newest build of --project saw]",
            show_default=False,
        ),
    ] = None,
    *,
    from_: Annotated[str | None, typer.Option("--from", metavar="SERIES", help="The series now.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="SERIES", help="The series to reach.")] = None,
    project: Project = None,
    least: Annotated[str, typer.Option(help="The severity from which it counts: info, warning, critical.")] = "warning",
    certain: Annotated[bool, typer.Option("--certain", help="Leave out what is only possible.")] = False,
    json: Json = False,
) -> None:
    """List every line of modules that uses what changes; exit 1 if any certainly does."""
    from odooops_dagster.tools.advisories.local import match_folder

    if folder is None:
        _print_recorded(project, json=json)
        return
    if from_ is None or to is None:
        raise BadInput("two series are needed", hint="ops upgrade advisories match FOLDER --from 18.0 --to 19.0")
    with control_plane() as control:
        items = _on_the_way(control, from_, to, project=project)
    matches, unread = match_folder(folder, items, least=_severity(least))
    for line in unread:
        note(f"not read: {line}")
    rows = [_row(each) for each in matches if each.certain or not certain]
    print_rows(rows, columns=_MATCHES, json=json, empty="nothing of what changes is used")
    if any(each.certain for each in matches):
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a file of advisories, for editors."""
    from odooops_dagster.tools.advisories.own_file import schema_text

    say(schema_text(), nl=False)


def _read(source: str, *, series: str | None, release: str | None) -> AdvisorySource:
    from odooops_dagster.tools.advisories.openupgrade import NAME as OPENUPGRADE
    from odooops_dagster.tools.advisories.openupgrade import read_openupgrade
    from odooops_dagster.tools.advisories.own_file import read_own_file
    from odooops_dagster.tools.advisories.packages import openupgrade_scripts
    from odooops_dagster.tools.odoo import series as odoo_series

    if source != OPENUPGRADE:
        if series or release:
            raise BadInput("a file says itself which series it is about", hint="leave out --series and --release")
        return read_own_file(Path(source))
    if series is None:
        raise BadInput("which series?", hint="ops upgrade advisories import openupgrade --series 19.0")
    if series not in odoo_series.known():
        note(f"{series} is no series of this platform yet; its advisories can be read anyhow")
    folder = openupgrade_scripts(read_settings().cache_home, series, release=release, progress=note)
    return read_openupgrade(folder, series)


def _on_the_way(control: ControlPlane, source: str, target: str, *, project: str | None) -> Sequence[Advisory]:
    items, unknown = control.advisories.on_the_way(source, target, project_id=_id(control, project))
    for _, newer in unknown:
        note(f"no advisory for {newer} is recorded: ops upgrade advisories import openupgrade --series {newer}")
    return items


def _id(control: ControlPlane, project: str | None) -> Any:  # noqa: ANN401 - an id or none
    return control.projects.get(project).id if project else None


def _severity(word: str) -> Severity:
    found = next((severity for severity in SEVERITIES if severity == word), None)
    if found is None:
        raise BadInput(f"{word} is no severity", hint=f"choose one: {', '.join(SEVERITIES)}")
    return found


def _row(match: Match) -> dict[str, object]:
    item = match.advisory
    return {
        "severity": item.severity,
        "certainty": "certain" if match.certain else "possible",
        "place": f"{match.file}:{match.line}" if match.file else match.module,
        "summary": item.summary,
        "kind": item.kind,
        "subject": item.subject,
        "replacement": item.replacement,
        "module": match.module,
        "file": match.file,
        "line": match.line,
        "guide": item.guide,
        "source": item.source,
    }


def _print_recorded(project: str | None, *, json: bool) -> None:
    if project is None:
        raise BadInput("name a folder of modules, or a project", hint="ops upgrade advisories match --project SLUG")
    with control_plane() as control:
        rows = control.advisories.of_project(control.projects.get(project).slug)
    if json:
        print_json(rows)
        return
    uses = [use for row in rows[:1] for use in row["uses"] or ()]
    listed = [
        {
            "severity": use["severity"],
            "certainty": "certain" if use["certain"] else "possible",
            "place": f"{use['file']}:{use['line']}" if use["file"] else use["module"],
            "summary": use["summary"],
        }
        for use in uses
    ]
    print_rows(listed, columns=_MATCHES, empty="no build was matched, or it uses nothing of what changes")
