"""`ops backup restore` and `ops backup undo`: restore a backup, and undo that."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import BackupId, Branch, ProjectSlug
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import backup_of, environment_of, living, name_of
from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_fields
from odooops_dagster.doors.cli.ports import caller, control_plane
from odooops_dagster.errors import BadInput, Conflict, NotFound
from odooops_dagster.model import Backup, Environment, Restore, Stage
from odooops_dagster.wording import size_text

Only = Literal["database", "filestore"]
Wait = Annotated[bool, typer.Option("--wait", help="Follow it to its end; exit 1 if it fails.")]


def restore(
    backup: BackupId,
    *,
    to: Annotated[
        str | None,
        typer.Option(metavar="BRANCH", help="Take the place of this environment's data.", show_default=False),
    ] = None,
    as_: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="NAME", help="Name of the new environment. [default: restored/ID]", show_default=False
        ),
    ] = None,
    only: Annotated[Only | None, typer.Option(help="A part, with --to. [default: all]", show_default=False)] = None,
    yes: Yes = False,
    wait: Wait = False,
    json: Json = False,
) -> None:
    """Restore a backup into a new environment, or over an existing one (`--to`).

    Production data that goes elsewhere is always sanitised.
    """
    if to and as_:
        raise BadInput("a backup goes to one place", hint="leave out --to or --as")
    if only and not to:
        raise BadInput(f"only the {only} is no new environment", hint="name the one to mend: --to BRANCH")
    with control_plane() as control:
        found = backup_of(control, backup)
        slug = control.environments.by_id(found.environment_id).project_slug
        target = environment_of(control, slug, to) if to else _new(control, slug, found, as_)
        if to and only != "filestore":
            confirm(_plan(control, found, target, only), yes=yes)
        asked = control.backups.restore(
            found.id,
            target_env=target.name,
            requested_by=caller(),
            trigger="cli",
            config={"only": only} if only else None,
        )
        run = control.runs.get(UUID(str(asked.run_id)))
        note(f"queued {name_of(run)}: {asked.purpose} of backup {found.id} into {target.partition_key}")
        if wait:
            run = follow_bytes(control, run)
            asked = control.backups.get_restore(asked.id)
    print_fields(_row(asked, target), json=json)
    if wait:
        finish(run)


def undo(project: ProjectSlug, branch: Branch, *, yes: Yes = False, wait: Wait = False, json: Json = False) -> None:
    """Undo the last restore: switch back to the previous database while it is still kept."""
    with control_plane() as control:
        environment = environment_of(control, project, branch)
        last = _last_swap(control, environment)
        plan = [
            f"{environment.partition_key} goes back to database {last.previous_database_name}",
            f"  what was written since the restore stays in {last.database_name} until {last.keep_previous_until}",
        ]
        confirm(plan, yes=yes)
        run_id = control.runs.queue(
            environment.project_id,
            env=environment.name,
            git_sha=None,
            ref=None,
            kind="restore",
            requested_by=caller(),
            config={"undo": str(last.id)},
        )
        run = control.runs.get(run_id)
        note(f"queued {name_of(run)}: the way back from restore {last.id}")
        if wait:
            run = follow_bytes(control, run)
    print_fields(asdict(run), json=json)
    if wait:
        finish(run)


def _new(control: ControlPlane, slug: str, backup: Backup, name: str | None) -> Environment:
    """Create the environment for the backup's data; production's data get a staging."""
    from odooops_dagster.tools import git

    name = name or f"restored/{str(backup.id)[:8]}"
    if not git.is_ref(f"refs/heads/{name}"):
        raise BadInput(f"{name!r} cannot name an environment", hint="name it as a branch: letters, digits, - and /")
    if any(name in {each.name, each.branch} for each in living(control.environments.list(slug))):
        raise Conflict(f"{slug} has an environment {name} already", hint=f"choose another --as, or --to {name}")
    stage: Stage = "development" if backup.stage == "development" else "staging"
    return control.environments.ensure(backup.project_id, branch=name, stage=stage)


def _plan(control: ControlPlane, backup: Backup, target: Environment, only: Only | None) -> list[str]:
    hours = control.policies.get(target.project_id, policy_type="clone")["keep_previous_hours"]
    what = "the database" if only else "database and files"
    return [
        f"{what} of {target.partition_key} ({target.stage}) become those of backup {backup.id}",
        f"  taken {backup.taken_at}, {size_text(backup.size_bytes or 0)}",
        "  what is written there until they take over is not in them",
        f"  {target.database_name or 'nothing'} is kept for {hours} h: ops backup undo goes back to it",
    ]


def _last_swap(control: ControlPlane, environment: Environment) -> Restore:
    for restored in control.backups.restores(environment_id=environment.id):
        is_current = restored.database_name == environment.database_name
        if restored.previous_database_name and is_current and not restored.is_over(now=datetime.now(UTC)):
            return restored
    raise NotFound(
        f"no restore of {environment.partition_key} can be taken back",
        hint="restore a backup instead: ops backup list",
    )


def _row(restored: Restore, target: Environment) -> dict[str, Any]:
    return {"env": target.partition_key, **asdict(restored)}
