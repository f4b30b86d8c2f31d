"""`ops rollback`: take the newest release of production back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import ProjectSlug
from odooops_dagster.doors.cli.lookup import environment_of
from odooops_dagster.doors.cli.output import Json, Yes, confirm
from odooops_dagster.doors.cli.ports import caller, control_plane
from odooops_dagster.doors.cli.promote import carry_out
from odooops_dagster.errors import Conflict, NotFound

if TYPE_CHECKING:
    from odooops_dagster.model import Environment
    from odooops_dagster.model.releases import Deployment, WayBack


def rollback(
    project: ProjectSlug,
    *,
    reason: Annotated[str, typer.Option(help="What went wrong, for the record.", show_default=False)],
    data: Annotated[
        bool, typer.Option("--data", help="The data of before too: what was written since is lost.")
    ] = False,
    from_: Annotated[
        str, typer.Option("--from", metavar="TARGET", help="production, staging, or an environment of one of them.")
    ] = "production",
    yes: Yes = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end; exit 1 if it fails.")] = False,
    json: Json = False,
) -> None:
    """Go back to the release before, with the data of now or of then.

    Says beforehand how many minutes of work each way loses.
    """
    with control_plane() as control:
        place = environment_of(control, project, from_)
        newest = _newest(control, place)
        ways = control.deployments.ways_back(newest.id)
        chosen = next(way for way in ways if (way.way == "code and data") == data)
        if not chosen.is_possible:
            raise Conflict(f"{place.partition_key} cannot go back: {chosen.detail}", hint=_hint(chosen))
        confirm(_plan(control, place, newest, ways, chosen), yes=yes)
        if chosen.lost_minutes:
            confirm([f"{chosen.lost_minutes} minute(s) of work in {place.partition_key} are lost"], yes=yes)
        deployment = control.deployments.rollback(newest.id, reason=reason, with_data=data, requested_by=caller())
        carry_out(control, deployment, f"{place.partition_key} back to {chosen.version}", wait=wait, json=json)


def _newest(control: ControlPlane, place: Environment) -> Deployment:
    """Return the newest deployment that changed what the environment serves."""
    for deployment in control.deployments.list(place.project_id):
        is_effective = deployment.rollback_of is None or deployment.database_name is not None
        if deployment.environment_id == place.id and deployment.status == "succeeded" and is_effective:
            return deployment
    raise NotFound(
        f"nothing was promoted to {place.partition_key}", hint="bring its data back instead: ops backup restore"
    )


def _hint(way: WayBack) -> str:
    if way.way == "code" or way.version is None:
        return "promote another release: ops promote; or restore a backup: ops backup restore"
    return "leave out --data, or restore a backup: ops backup restore"


def _plan(
    control: ControlPlane, place: Environment, newest: Deployment, ways: list[WayBack], chosen: WayBack
) -> list[str]:
    version = control.releases.by_id(newest.release_id).version
    shown = [
        f"  {'>' if way == chosen else ' '} {way.way}: {way.detail}"
        + (f"; loses {way.lost_minutes} minute(s) of work" if way.lost_minutes is not None else "")
        for way in ways
    ]
    return [f"{place.partition_key} ({place.stage}) goes back from release {version} to {chosen.version}", *shown]
