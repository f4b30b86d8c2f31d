"""`ops promote`: bring a release to production."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import ProjectSlug
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import environment_of, name_of
from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_fields
from odooops_dagster.doors.cli.ports import caller, control_plane
from odooops_dagster.doors.cli.rehearse import prediction, prepare_release, prepared_release, rehearse_release
from odooops_dagster.errors import BadInput, Conflict
from odooops_dagster.model import Environment, Project
from odooops_dagster.model.releases import Deployment, Release, Requirement


def promote(
    project: ProjectSlug,
    *,
    release: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", help="An existing release. [default: the newest build's, made now]", show_default=False
        ),
    ] = None,
    as_: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="VERSION", help="Version of the new release. [default: build-NUMBER]", show_default=False
        ),
    ] = None,
    to: Annotated[
        str, typer.Option(metavar="TARGET", help="production, staging, or an environment of one of them.")
    ] = "production",
    reason: Annotated[str | None, typer.Option(help="Why, for the record.", show_default=False)] = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Try it on a harmless copy of production, and measure the downtime.")
    ] = False,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Check that all is there, a rehearsal included; then it waits for --go.")
    ] = False,
    go: Annotated[bool, typer.Option("--go", help="Say go to the prepared promotion.")] = False,
    yes: Yes = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end; exit 1 if it fails.")] = False,
    json: Json = False,
) -> None:
    """Bring a release to production: back up, update what changed, prove its health, let people in.

    If the update or the health check fails, the release and the data of before serve again.
    """
    if release and as_:
        raise BadInput("a release that exists has its version", hint="leave out --release or --as")
    _refuse_mixture(rehearse=rehearse, prepare=prepare, go=go, to=to, as_=as_)
    with control_plane() as control:
        found = control.projects.get(project)
        if rehearse:
            rehearse_release(control, _release(control, found, release, as_), wait=wait, json=json)
            return
        place = environment_of(control, project, to)
        chosen = prepared_release(control, found, release) if go else _release(control, found, release, as_)
        if prepare:
            prepare_release(control, chosen, json=json)
            return
        asked = control.releases.explain(chosen.id, target_env=to)
        _refuse_unmet(chosen, asked, to)
        confirm(_plan(control, chosen, place, asked), yes=yes)
        if go:
            deployment = control.deployments.promote_prepared(chosen.id, reason=reason, requested_by=caller())
        else:
            deployment = control.deployments.promote(chosen.id, target_env=to, reason=reason, requested_by=caller())
        carry_out(control, deployment, f"release {chosen.version} to {place.partition_key}", wait=wait, json=json)


def _refuse_mixture(*, rehearse: bool, prepare: bool, go: bool, to: str, as_: str | None) -> None:
    if rehearse + prepare + go > 1:
        raise BadInput("--rehearse, --prepare and --go are three steps", hint="name one of them")
    if (rehearse or prepare or go) and to != "production":
        raise BadInput("what is rehearsed and prepared is a promotion to production", hint="leave out --to")
    if go and as_:
        raise BadInput("--go promotes what was prepared", hint="leave out --as")


def carry_out(control: ControlPlane, deployment: Deployment, what: str, *, wait: bool, json: bool) -> None:
    """Say that the deployment's run is queued, follow it if asked to, and print the deployment."""
    run = control.runs.get(UUID(str(deployment.run_id)))
    note(f"queued {name_of(run)}: {what}")
    if wait:
        run = follow_bytes(control, run)
        deployment = control.deployments.get(deployment.id)
    print_fields({"run": name_of(run), **asdict(deployment)}, json=json)
    if wait:
        finish(run)


def _release(control: ControlPlane, project: Project, version: str | None, new_version: str | None) -> Release:
    if version is not None:
        return control.releases.get(project.id, version=version)
    made = control.releases.of_build(project.id, version=new_version, requested_by=caller())
    note(f"release {made.version}: the newest build of {project.default_branch}")
    return made


def _refuse_unmet(release: Release, asked: list[Requirement], to: str) -> None:
    unmet = [f"{each.requirement}: {each.detail}" for each in asked if not each.is_met]
    if unmet:
        raise Conflict(
            f"release {release.version} is not eligible for {to}: {'; '.join(unmet)}",
            hint="meet what is missing, or have it waived",
        )


def _plan(control: ControlPlane, release: Release, place: Environment, asked: list[Requirement]) -> list[str]:
    rules = control.policies.get(place.project_id, policy_type="promotion")
    commits = ", ".join(f"{name} {sha[:12]}" for name, sha in release.git_shas.items())
    backup = f"a backup not older than {rules['backup_max_age_hours']} h is made or found first"
    return [
        f"release {release.version} takes over {place.partition_key} ({place.stage})",
        f"  {commits}, image {release.image_digest[:19]}",
        *_taken_back(control, release),
        *(f"  {each.requirement}: {each.detail}" for each in asked),
        f"  {backup if place.stage == 'production' else 'no backup is made'}",
        f"  {prediction(control, release) if place.stage == 'production' else 'nothing predicts the downtime'}",
        "  nobody can work there while changed modules are updated; if that fails, what serves now serves again",
    ]


def _taken_back(control: ControlPlane, release: Release) -> list[str]:
    """Say as which releases the same build was rolled back."""
    build = (release.image_digest, release.git_shas)
    return [
        f"  this build was rolled back before, as release {each.version}"
        for each in control.releases.list(release.project_id)
        if each.status == "rolled_back" and (each.image_digest, each.git_shas) == build
    ]
