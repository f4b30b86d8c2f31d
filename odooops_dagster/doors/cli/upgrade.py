"""`ops upgrade`: know before you upgrade."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli import upgrade_advisories
from odooops_dagster.doors.cli.arguments import Branch, Limit, OnlyProject, ProjectSlug, RunName
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import RunRequest, backup_of, name_of, queue_branch, run_of
from odooops_dagster.doors.cli.output import Json, Yes, note, print_fields, print_json, print_rows, say
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.doors.cli.promote import promote as promote_release
from odooops_dagster.errors import Conflict
from odooops_dagster.model.releases import Release
from odooops_dagster.model.upgrades import UpgradePreview

if TYPE_CHECKING:
    from odooops_dagster.tools.upgrade_report.form import Report

app = typer.Typer(help="Try upgrades on a copy of production.", no_args_is_help=True)
app.add_typer(upgrade_advisories.app, name="advisories")

_COLUMNS = ("run", "created_at", "verdict", "commit", "target", "downtime_seconds", "new_errors", "summary")


@app.command()
def preview(
    project: ProjectSlug,
    branch: Branch,
    *,
    sha: Annotated[str | None, typer.Option(help="Commit. [default: the branch's newest]", show_default=False)] = None,
    to: Annotated[
        str | None, typer.Option(metavar="SERIES", help="Odoo series. [default: the project's]", show_default=False)
    ] = None,
    engine: Annotated[str, typer.Option(help="How: same_series, or an engine that leads to another series.")] = (
        "same_series"
    ),
    backup: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Data. [default: a young verified backup of production, else by policy clone.source]",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end; exit 1 if it fails or is red.")] = False,
    json: Json = False,
) -> None:
    """Try a branch's code on a harmless copy of production's data."""
    with control_plane() as control:
        config: dict[str, Any] = {"engine": engine}
        config |= {"target_series": to} if to else {}
        config |= {"backup_id": str(backup_of(control, backup).id)} if backup else {}
        request = RunRequest(branch=branch, sha=sha, kind="upgrade", config=config)
        run = queue_branch(control, control.projects.get(project), request)
        note(f"queued {name_of(run)}: upgrade preview of {run.git_sha}")
        if wait:
            run = follow_bytes(control, run)
        found = control.upgrades.of_run(run.id)
    print_fields(_row(found) if found else run, json=json)
    if wait:
        finish(run)
    if found is not None and found.verdict == "red":
        raise typer.Exit(1)


@app.command("list")
def list_(project: OnlyProject = None, *, limit: Limit = 20, json: Json = False) -> None:
    """List the previews, newest first."""
    with control_plane() as control:
        owner = control.projects.get(project).id if project is not None else None
        found = control.upgrades.list(owner, limit=limit)
    rows = [_row(each) for each in found]
    print_rows(rows, columns=_COLUMNS, json=json, empty="no preview yet: ops upgrade preview PROJECT BRANCH")


@app.command()
def report(
    run: RunName,
    *,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it as one page for a browser.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Print the report of a preview, as Markdown or as JSON."""
    from odooops_dagster.files import write_whole
    from odooops_dagster.tools.upgrade_report.markdown import markdown
    from odooops_dagster.tools.upgrade_report.page import page

    with control_plane() as control:
        found = _report(control, run)
    if html is not None:
        write_whole(html, page(found).encode())
        note(f"written: {html}")
    elif json:
        print_json(found.model_dump(mode="json"))
    else:
        say(markdown(found))


@app.command()
def compare(before: RunName, after: RunName, *, json: Json = False) -> None:
    """Say what was mended and what is new from one preview to another."""
    from odooops_dagster.tools.upgrade_report.comparison import compare as compare_reports
    from odooops_dagster.tools.upgrade_report.markdown import markdown_of_comparison

    with control_plane() as control:
        found = compare_reports(_report(control, before), _report(control, after))
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        say(markdown_of_comparison(found))


@app.command()
def promote(
    run: RunName,
    *,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.", show_default=False)] = None,
    yes: Yes = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end; exit 1 if it fails.")] = False,
    json: Json = False,
) -> None:
    """Promote the release whose build a preview tried; a red preview is refused."""
    with control_plane() as control:
        found = control.upgrades.get(run_of(control, run).id)
        if found.verdict == "red":
            raise Conflict(f"preview {run} is red: {found.summary}", hint=f"ops upgrade report {run}")
        release = _release(control, found)
    promote_release(
        found.report["project"], release=release.version, as_=None, reason=reason, yes=yes, wait=wait, json=json
    )


def _release(control: ControlPlane, found: UpgradePreview) -> Release:
    """Return the newest release of the build that the preview tried."""
    for release in control.releases.list(found.project_id):
        if release.image_digest == found.image_digest and release.status != "withdrawn":
            return release
    raise Conflict(
        f"no release is made of the build that was tried, {found.image_digest[:19]}",
        hint=f"push {found.git_sha[:12]} to the branch that has releases, or: ops promote {found.report['project']}",
    )


def _report(control: ControlPlane, run: str) -> Report:
    from odooops_dagster.tools.upgrade_report.form import Report

    return Report.model_validate(control.upgrades.get(run_of(control, run).id).report)


def _row(found: UpgradePreview) -> dict[str, Any]:
    facts = asdict(found)
    facts.pop("report")
    return {"run": found.report["run"], "commit": found.git_sha[:12], "target": found.target_series} | facts
