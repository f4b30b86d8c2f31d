"""`ops env stop`, `start`, `restart`, `pin` and `unpin`: control whether an environment runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import Branch, ProjectSlug, Wait
from odooops_dagster.doors.cli.follow import finish, follow
from odooops_dagster.doors.cli.lookup import environment_of, name_of, queue
from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_fields
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.model import Environment


def stop(
    project: ProjectSlug,
    branch: Branch,
    *,
    until_asked: Annotated[
        bool, typer.Option("--until-asked", help="Start it again at its next request, as previews do that are idle.")
    ] = False,
    yes: Yes = False,
    wait: Wait = False,
) -> None:
    """Stop an environment; its data stay as they are. `ops env start` starts it again, and so does a push."""
    with control_plane() as control:
        environment = environment_of(control, project, branch)
        if environment.stage == "production":
            confirm([f"stop {environment.partition_key}, which is PRODUCTION: people work on it"], yes=yes)
        _serve(control, environment, "stop", config={"until_asked": True} if until_asked else {}, wait=wait)


def start(project: ProjectSlug, branch: Branch, *, wait: Wait = False) -> None:
    """Start an environment that is stopped."""
    with control_plane() as control:
        _serve(control, environment_of(control, project, branch), "start", config={}, wait=wait)


def restart(project: ProjectSlug, branch: Branch, *, yes: Yes = False, wait: Wait = False) -> None:
    """Stop an environment's Odoo after the requests at which it works, and start it again."""
    with control_plane() as control:
        environment = environment_of(control, project, branch)
        if environment.stage == "production":
            confirm([f"restart {environment.partition_key}, which is PRODUCTION: people work on it"], yes=yes)
        _serve(control, environment, "stop", config={}, wait=False)
        _serve(control, environment, "start", config={}, wait=wait)


def pin(project: ProjectSlug, branch: Branch, *, json: Json = False) -> None:
    """Let an environment run on though nobody asks for it; policy preview.idle_minutes stops the others."""
    _pin(project, branch, is_pinned=True, json=json)


def unpin(project: ProjectSlug, branch: Branch, *, json: Json = False) -> None:
    """Let an environment stop when nobody asks for it."""
    _pin(project, branch, is_pinned=False, json=json)


def _pin(project: str, branch: str, *, is_pinned: bool, json: bool) -> None:
    with control_plane() as control:
        environment = control.environments.pin(environment_of(control, project, branch).id, is_pinned=is_pinned)
    if json:
        print_fields(environment, json=json)
    elif is_pinned:
        note(f"{environment.partition_key} runs on though nobody asks for it, until ops env unpin {project} {branch}")
    else:
        note(f"{environment.partition_key} stops when nobody asks for it")


def _serve(
    control: ControlPlane,
    environment: Environment,
    kind: Literal["stop", "start"],
    *,
    config: Mapping[str, object],
    wait: bool,
) -> None:
    """Queue the stop or start of the environment, and follow it if asked to."""
    run = queue(control, environment, sha=environment.deployed_sha or "", kind=kind, config=config)
    note(f"queued {name_of(run)}")
    if wait:
        finish(follow(control, run))
