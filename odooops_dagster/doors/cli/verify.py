"""`ops backup verify`: queue a run that reads a backup back, follow it, and print what it found."""

from __future__ import annotations

import typer

from odooops_dagster.doors.cli.arguments import BackupId
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import backup_of, name_of
from odooops_dagster.doors.cli.output import Json, note, print_fields
from odooops_dagster.doors.cli.ports import caller, control_plane


def verify(backup: BackupId, *, json: Json = False) -> None:
    """Verify a backup: a run reads it from the store and records the result. Exit status 1 if it is damaged."""
    with control_plane() as control:
        found = backup_of(control, backup)
        environment = control.environments.by_id(found.environment_id)
        run = control.runs.get(control.backups.verify(found.id, requested_by=caller()))
        note(f"queued {name_of(run)}: verify backup {found.id} of {environment.partition_key}")
        run = follow_bytes(control, run)
        told = control.logs.result(run.id, "verification")
    if told is not None:
        print_fields(told, json=json)
        if not told["is_good"]:
            note(f"next: ops backup create {environment.partition_key.replace('/', ' ', 1)}, which stores it anew")
            raise typer.Exit(1)
    finish(run)
