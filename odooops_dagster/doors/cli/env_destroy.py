"""`ops env destroy`: remove an environment, its database and its files."""

from __future__ import annotations

from typing import Annotated

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import Branch, ProjectSlug, Wait
from odooops_dagster.doors.cli.follow import finish, follow
from odooops_dagster.doors.cli.lookup import environment_of, name_of, queue
from odooops_dagster.doors.cli.output import Yes, confirm, note
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.errors import Conflict, NotFound
from odooops_dagster.model import Environment


def destroy(
    project: ProjectSlug,
    branch: Branch,
    *,
    yes: Yes = False,
    if_exists: Annotated[bool, typer.Option("--if-exists", help="Do nothing where there is none.")] = False,
    without_backup: Annotated[
        bool, typer.Option("--without-backup", help="Production too, though no verified backup of it is left.")
    ] = False,
    wait: Wait = False,
) -> None:
    """Destroy an environment: its database, files and processes. Its runs and logs are kept.

    One that is adopted is only forgotten: its database and files stay as they are.
    """
    with control_plane() as control:
        try:
            environment = environment_of(control, project, branch)
        except NotFound as exc:
            if not if_exists:
                raise
            note(str(exc))
            return
        confirm(_plan(control, environment, without_backup=without_backup), yes=yes)
        if environment.stage == "production" and environment.database_name:
            confirm([f"{environment.partition_key} is PRODUCTION: people work on it"], yes=yes)
        config = {"confirm": environment.partition_key} | ({"without_backup": True} if without_backup else {})
        run = queue(control, environment, sha=environment.deployed_sha or "", kind="destroy", config=config)
        note(f"queued {name_of(run)}")
        if wait:
            finish(follow(control, run))


def _plan(control: ControlPlane, environment: Environment, *, without_backup: bool) -> list[str]:
    """Return what is removed with the environment, and what remains of production's data.

    Raises:
        Conflict: nothing of production's data would remain, and this was not confirmed.
    """
    if environment.is_adopted:
        return [f"forget {environment.partition_key}: its database and files stay as they are"]
    plan = [
        f"destroy {environment.partition_key} ({environment.stage}): database, files, processes",
        f"  database {environment.database_name or '(none yet)'}, {environment.url or 'no URL'}",
    ]
    if environment.stage != "production" or environment.database_name is None:
        return plan
    newest = control.backups.newest_verified(environment.id)
    if newest is None and not without_backup:
        hint = "take one: ops backup create; or give its data up: --without-backup"
        raise Conflict(f"{environment.partition_key} has no verified backup", hint=hint)
    return [
        *plan,
        f"  its newest verified backup: {newest.moment.astimezone():%Y-%m-%d %H:%M}" if newest else "  no backup",
    ]
