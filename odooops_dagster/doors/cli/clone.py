"""`ops clone`: a harmless copy of production's data for an existing environment."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import Branch, ProjectSlug
from odooops_dagster.doors.cli.follow import finish, follow
from odooops_dagster.doors.cli.lookup import backup_of, environment_of, name_of, queue
from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_fields
from odooops_dagster.doors.cli.ports import caller, control_plane
from odooops_dagster.errors import Conflict
from odooops_dagster.model import Environment, Run


def clone(
    project: ProjectSlug,
    branch: Branch,
    *,
    backup: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Which. [default: what policy clone.source says]", show_default=False),
    ] = None,
    yes: Yes = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end; exit 1 if it fails.")] = False,
    json: Json = False,
) -> None:
    """Replace an environment's data with a sanitised copy of production. The deployed commit stays."""
    with control_plane() as control:
        environment = _cloneable(environment_of(control, project, branch))
        rules = control.policies.get(environment.project_id, policy_type="clone")
        confirm(_plan(environment, backup, is_made_now=rules["source"] == "dump"), yes=yes)
        run = _queue(control, environment, backup)
        note(f"queued {name_of(run)}: clone of production into {environment.partition_key}")
        if wait:
            run = follow(control, run)
    print_fields(asdict(run), json=json)
    if wait:
        finish(run)


def _cloneable(environment: Environment) -> Environment:
    """Return the environment if its data may be replaced and it has a deployment that can run on the new data."""
    if environment.stage == "production":
        raise Conflict(
            f"{environment.partition_key} is production itself",
            hint="bring its own data back with ops backup restore, or name another branch",
        )
    if environment.deployed_sha is None:
        raise Conflict(f"{environment.partition_key} was never deployed", hint="push to its branch, then clone")
    return environment


def _plan(environment: Environment, backup: str | None, *, is_made_now: bool) -> list[str]:
    newest = "a backup of production made now" if is_made_now else "production's newest verified backup"
    source = f"backup {backup}" if backup else newest
    return [
        f"the data of {environment.partition_key} ({environment.stage}) become those of {source}, made harmless",
        f"  database {environment.database_name} goes once the clone answers at {environment.url}",
    ]


def _queue(control: ControlPlane, environment: Environment, backup: str | None) -> Run:
    if backup is None:
        return queue(control, environment, sha=str(environment.deployed_sha), kind="clone")
    asked = control.backups.restore(
        backup_of(control, backup).id,
        target_env=environment.name,
        purpose="clone",
        requested_by=caller(),
        trigger="cli",
    )
    return control.runs.get(UUID(str(asked.run_id)))
