"""`ops drill`: restore and boot backups, to see that they work."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import OnlyProject, ProjectSlug
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import backup_of, name_of
from odooops_dagster.doors.cli.output import Json, Wide, note, print_fields, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane
from odooops_dagster.errors import BadInput, NotFound
from odooops_dagster.model import Backup, Drill, Run

app = typer.Typer(help="Manage drills: test restores of backups.", no_args_is_help=True)

_COLUMNS = ("started_at", "env", "backup_id", "outcome", "fault", "rto_seconds", "rpo_seconds", "summary")


@app.command()
def run(
    project: ProjectSlug,
    *,
    backup: Annotated[
        str | None, typer.Option(help="Which. [default: production's newest verified]", show_default=False)
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end; exit 1 if it fails.")] = False,
    json: Json = False,
) -> None:
    """Restore a backup into a throwaway place, start Odoo on it, and measure how long it takes."""
    with control_plane() as control:
        slug = control.projects.get(project).slug
        found = _named(control, slug, backup) if backup else _newest(control, slug)
        asked = control.backups.restore(
            found.id, target_env=None, purpose="drill", requested_by=caller(), trigger="cli"
        )
        queued = control.runs.get(UUID(str(asked.run_id)))
        note(f"queued {name_of(queued)}: drill of backup {found.id}")
        if wait:
            queued = follow_bytes(control, queued)
        drill = _drill_of(control, found, queued)
    print_fields(drill or queued, json=json)
    if wait:
        finish(queued)


@app.command("list")
def list_(project: OnlyProject = None, *, json: Json = False, wide: Wide = False) -> None:
    """List the drills, newest first, with the recovery time and the data loss of each."""
    with control_plane() as control:
        owner = control.projects.get(project).id if project is not None else None
        drills = control.drills.list(owner)
        keys = {environment.id: environment.partition_key for environment in control.environments.list()}
        where = {backup.id: keys[backup.environment_id] for backup in control.backups.list(owner)}
    rows = [
        asdict(drill) | {"env": where[drill.backup_id], "outcome": _outcome(drill), "fault": drill.report.get("fault")}
        for drill in drills
    ]
    print_rows(rows, columns=_COLUMNS, json=json, wide=wide, empty="no drill yet: ops drill run PROJECT")


def _named(control: ControlPlane, slug: str, reference: str) -> Backup:
    found = backup_of(control, reference)
    owner = control.environments.by_id(found.environment_id).project_slug
    if owner != slug:
        raise BadInput(f"backup {found.id} is of project {owner}", hint=f"ops drill run {owner} --backup {found.id}")
    return found


def _newest(control: ControlPlane, slug: str) -> Backup:
    """Return the newest verified backup of the project's production."""
    for production in control.backups.productions(slug):
        if production.verified_backup_id is not None:
            return control.backups.get(production.verified_backup_id)
    raise NotFound(
        f"project {slug} has no verified backup of production",
        hint=f"ops backup create {slug} BRANCH, or name a backup with --backup",
    )


def _drill_of(control: ControlPlane, backup: Backup, asked: Run) -> Drill | None:
    drills = control.drills.list(backup_id=backup.id)
    return next((drill for drill in drills if drill.run_id == asked.id), None)


def _outcome(drill: Drill) -> str:
    if drill.passed is None:
        return "at work"
    return "passed" if drill.passed else "failed"
