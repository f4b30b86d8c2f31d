"""`ops lineage`: what an environment, or a run, was made of, back to the push and the backup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
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
# The name of the backup of a promotion without one.
_NOTHING = "None"

Rows = Mapping[str, Mapping[str, Any]]


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
        origin = Ancestry(control).of(run)
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


class Ancestry:
    """Follows the assets of runs to what they were made of, also where other runs made it."""

    def __init__(self, control: ControlPlane) -> None:
        self._control = control
        self._seen: set[UUID] = set()

    def of(self, run: Run) -> Origin:
        """Return the run with the assets that no other was made of, each with all that it was made of."""
        rows = self._rows(run)
        used = {name for row in rows.values() for name in row["inputs"]}
        parts = [self._asset(run, name, rows) for name in rows if name not in used]
        return Origin(
            name=f"run {name_of(run)}",
            detail=f"{run.kind}, {run.status}",
            made_of=(*self._releases(run, rows), *(parts or [_push(run)])),
        )

    def _rows(self, run: Run) -> Rows:
        self._seen.add(run.id)
        return {row["asset_key"]: row for row in self._control.lineage.list(run.id)}

    def _asset(self, run: Run, name: str, rows: Rows) -> Origin:
        row = rows[name]
        return Origin(name=name, detail=_short(str(row["data_version"])), made_of=tuple(self._inputs(run, row, rows)))

    def _inputs(self, run: Run, row: Mapping[str, Any], rows: Rows) -> Iterator[Origin]:
        for part, version in row["inputs"].items():
            if part in rows:
                yield self._asset(run, part, rows)
            elif version != _NOTHING:
                yield self._given(run, part, str(version))

    def _given(self, run: Run, part: str, version: str) -> Origin:
        """Return what no asset of the run made: its commit, a backup, settings, or what another run made."""
        if part == "git":
            return _push(run)
        if part == "backup":
            backup = self._control.backups.get(UUID(version))
            return Origin(name=f"backup {version[:8]}", detail=f"{backup.stage}, {backup.moment.isoformat()}")
        if part == "image":
            return self._image(run, version)
        if part == "database":
            return self._data(run, version)
        return Origin(name=part, detail=_short(version))

    def _image(self, run: Run, digest: str) -> Origin:
        """Return the image with what the run that built it made it of."""
        found = self._control.lineage.versions("image", project_slug=str(run.project_slug), data_version=digest)
        if not found:
            return Origin(name="image", detail=_short(digest))
        builder = self._control.runs.get(found[0]["run_id"])
        image = self._asset(builder, "image", self._rows(builder))
        return replace(image, detail=f"{image.detail}, built by {name_of(builder)}")

    def _data(self, run: Run, database: str) -> Origin:
        """Return the database with where its data come from: the run that deployed them before."""
        deployment = self._control.deployments.of_run(run.id)
        copied = deployment.previous_database_name if deployment and not deployment.with_data else None
        row = self._deployed(run, copied or database)
        detail = f"{database}, a copy of {copied}" if copied else database
        if row is None:
            return Origin(name="database", detail=detail)
        former = self._control.runs.get(row["run_id"])
        rows = self._rows(former)
        inputs = {part: version for part, version in row["inputs"].items() if part == "database"}
        parts = tuple(self._inputs(former, {"inputs": inputs}, rows))
        return Origin(name="database", detail=f"{detail}, deployed by {name_of(former)}", made_of=parts)

    def _deployed(self, run: Run, database: str) -> Mapping[str, Any] | None:
        """Return the newest deployment of the database that was not followed yet."""
        found = self._control.lineage.versions(
            "deployment", project_slug=str(run.project_slug), partition_key=run.partition_key
        )
        return next(
            (row for row in found if row["data_version"].endswith(f"@{database}") and row["run_id"] not in self._seen),
            None,
        )

    def _releases(self, run: Run, rows: Rows) -> Iterator[Origin]:
        """Yield the release that the run brought somewhere, or that its image is."""
        deployment = self._control.deployments.of_run(run.id)
        digest = rows["image"]["data_version"] if "image" in rows else None
        for release in self._control.releases.list(run.project_id):
            is_brought = deployment is not None and deployment.release_id == release.id
            if is_brought or (release.git_ref == run.git_ref and release.image_digest == digest):
                yield Origin(name=f"release {release.version}", detail=f"{release.status}, by {release.created_by}")


def _push(run: Run) -> Origin:
    ref = (run.git_ref or "").removeprefix("refs/heads/").removeprefix("refs/")
    by = f" by {run.requested_by}" if run.requested_by else ""
    return Origin(name=f"commit {_short(run.git_sha or 'unknown')}", detail=f"{ref}, {run.trigger}{by}")


def _short(version: str) -> str:
    """Return a hash's first digits, with its kind."""
    kind, mark, digits = version.rpartition(":")
    return f"{kind}{mark}{digits[:_DIGITS]}" if len(digits) > _DIGITS and " " not in digits else version
