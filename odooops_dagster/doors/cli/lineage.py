"""`ops lineage`: what an environment, or a run, was made of, back to the push and the backup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.lookup import environment_of, name_of, run_of
from odooops_dagster.doors.cli.output import Json, print_json, say
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.errors import NotFound
from odooops_dagster.model import Run
from odooops_dagster.model.lineage import Origin, mermaid_lines, tree_lines

app = typer.Typer(help="Follow things back to what they were made of.", no_args_is_help=True)

_DIGITS = 12


@app.callback()
def _noun() -> None:
    """Follow things back to what they were made of."""


@app.command()
def show(
    what: Annotated[
        str, typer.Argument(metavar="PROJECT|RUN", help="A project, or a run such as shop#12.", show_default=False)
    ],
    branch: Annotated[
        str | None, typer.Argument(metavar="BRANCH", help="The project's environment.", show_default=False)
    ] = None,
    *,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,
    json: Json = False,
) -> None:
    """Show what serves an environment, or what a run made: its assets, release, commit, push and backup."""
    with control_plane() as control:
        run = run_of(control, what) if branch is None else _run_that_serves(control, what, branch)
        rows = control.lineage.list(run.id)
        origin = _origin(control, run, {row["asset_key"]: row for row in rows})
    if json:
        print_json(origin)
        return
    for line in mermaid_lines(origin) if mermaid else tree_lines(origin):
        say(line)


def _run_that_serves(control: ControlPlane, project: str, branch: str) -> Run:
    environment = environment_of(control, project, branch)
    if environment.deployed_run_id is None:
        raise NotFound(f"nothing serves {environment.partition_key} yet", hint=f"ops run list {project}")
    return control.runs.get(environment.deployed_run_id)


def _origin(control: ControlPlane, run: Run, rows: Mapping[str, Mapping[str, Any]]) -> Origin:
    """Return the run with the assets that no other was made of, each with all that it was made of."""
    used = {name for row in rows.values() for name in row["inputs"]}
    parts = [_asset(control, run, name, rows) for name in rows if name not in used]
    return Origin(
        name=f"run {name_of(run)}",
        detail=f"{run.kind}, {run.status}",
        made_of=(*_releases(control, run, rows), *(parts or [_push(run)])),
    )


def _asset(control: ControlPlane, run: Run, name: str, rows: Mapping[str, Mapping[str, Any]]) -> Origin:
    row = rows[name]
    parts = [
        _asset(control, run, part, rows) if part in rows else _given(control, run, part, str(version))
        for part, version in row["inputs"].items()
    ]
    return Origin(name=name, detail=_short(str(row["data_version"])), made_of=tuple(parts))


def _push(run: Run) -> Origin:
    ref = (run.git_ref or "").removeprefix("refs/heads/").removeprefix("refs/")
    by = f" by {run.requested_by}" if run.requested_by else ""
    return Origin(name=f"commit {_short(run.git_sha or 'unknown')}", detail=f"{ref}, {run.trigger}{by}")


def _given(control: ControlPlane, run: Run, part: str, version: str) -> Origin:
    """Return what no asset of the run made: its commit, a backup, or settings."""
    if part == "git":
        return _push(run)
    if part != "backup":
        return Origin(name=part, detail=_short(version))
    backup = control.backups.get(UUID(version))
    return Origin(name=f"backup {version[:8]}", detail=f"{backup.stage}, {backup.moment.isoformat()}")


def _releases(control: ControlPlane, run: Run, rows: Mapping[str, Mapping[str, Any]]) -> Iterator[Origin]:
    """Yield the release that the run brought somewhere, or that its image is."""
    deployment = control.deployments.of_run(run.id)
    digest = rows["image"]["data_version"] if "image" in rows else None
    for release in control.releases.list(run.project_id):
        is_brought = deployment is not None and deployment.release_id == release.id
        if is_brought or (release.git_ref == run.git_ref and release.image_digest == digest):
            yield Origin(name=f"release {release.version}", detail=f"{release.status}, by {release.created_by}")


def _short(version: str) -> str:
    """Return a hash's first digits, with its kind."""
    kind, mark, digits = version.rpartition(":")
    return f"{kind}{mark}{digits[:_DIGITS]}" if len(digits) > _DIGITS and " " not in digits else version
