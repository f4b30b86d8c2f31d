"""`ops backup`: verified copies of environments."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from odooops_dagster.doors.cli import backup_logs, exchange, records, restore, retention, verify
from odooops_dagster.doors.cli.arguments import BackupId, Branch, OnlyProject, ProjectSlug
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import backup_of, environment_names, environment_of, name_of
from odooops_dagster.doors.cli.output import Json, Wide, Yes, confirm, note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane
from odooops_dagster.errors import BadInput, Conflict
from odooops_dagster.model import Backup, BackupStatus, Environment
from odooops_dagster.wording import age_text, size_text

app = typer.Typer(help="Manage backups: verified copies of environments.", no_args_is_help=True)
app.command("export")(exchange.export)
app.command("import")(exchange.import_)
app.command("logs")(backup_logs.logs)
app.add_typer(records.app, name="records")
app.command("restore")(restore.restore)
app.command("retention")(retention.retention)
app.command("undo")(restore.undo)
app.command("verify")(verify.verify)

_COLUMNS = ("id", "env", "status", "label", "taken", "size", "stored", "age")


@app.command("list")
def list_(
    project: OnlyProject = None,
    *,
    status: Annotated[BackupStatus | None, typer.Option(help="Only those of this status.", show_default=False)] = None,
    all_: Annotated[bool, typer.Option("--all", help="Dropped ones too.")] = False,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List the backups, the newest first."""
    with control_plane() as control:
        owner = control.projects.get(project).id if project is not None else None
        backups = control.backups.list(owner, status=status)
        keys = environment_names(control)
    wanted = [backup for backup in backups if all_ or status or backup.status != "dropped"]
    rows = [asdict(b) | {"env": keys[b.environment_id]} if json else _row(b, keys) for b in wanted]
    print_rows(rows, columns=_COLUMNS, json=json, wide=wide, empty="no backup yet: ops backup create PROJECT BRANCH")


@app.command()
def show(backup: BackupId, *, json: Json = False) -> None:
    """Show a backup and its checks."""
    with control_plane() as control:
        found = backup_of(control, backup)
        keys = environment_names(control)
        run = control.runs.get(found.run_id) if found.run_id else None
        checks = control.checks.list(run.id) if run else []
    fields = asdict(found) | {"env": keys[found.environment_id], "run": name_of(run) if run else None}
    if json:
        print_json(fields | {"checks": checks})
        return
    # A hundred modules fill a screen: programs get the list, people the number.
    counted = {name: len(value) if name == "modules" else value for name, value in found.metadata.items()}
    print_fields(_row(found, keys) | fields | {"metadata": counted})
    if checks:
        note("")
        print_rows(checks, columns=("name", "passed", "blocking", "summary"))


@app.command()
def create(
    project: ProjectSlug,
    branch: Branch,
    *,
    label: Annotated[
        str | None, typer.Option(help="What it is for; labelled ones stay longer.", show_default=False)
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help="Idempotency key: the same key gives the same backup.", show_default=False),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to its end; exit 1 if it fails.")] = False,
    json: Json = False,
) -> None:
    """Back up an environment: its database, filestore and logs."""
    with control_plane() as control:
        environment = environment_of(control, project, branch)
        _refuse_empty(environment)
        made = control.backups.create(
            environment.project_id,
            env=environment.name,
            label=label,
            idempotency_key=key,
            trigger="cli",
            requested_by=caller(),
        )
        run = control.runs.get(UUID(str(made.run_id)))
        note(f"queued {name_of(run)}: backup {made.id} of {environment.partition_key}")
        if wait:
            run = follow_bytes(control, run)
            made = control.backups.get(made.id)
        keys = environment_names(control)
    _print(made, keys, json=json)
    if wait:
        finish(run)


def _refuse_empty(environment: Environment) -> None:
    """Refuse a backup of an environment that has no data, before a run is queued that can only fail."""
    if environment.database_name is None and not environment.is_adopted:
        deploy = f"ops env create {environment.project_slug} {environment.branch}"
        raise Conflict(
            f"{environment.partition_key} has no database: it was never deployed", hint=f"deploy it: {deploy}"
        )


@app.command()
def hold(
    backup: BackupId,
    *,
    reason: Annotated[str | None, typer.Option(help="Why it has to stay.", show_default=False)] = None,
    release: Annotated[bool, typer.Option("--release", help="Let it be dropped again.")] = False,
    json: Json = False,
) -> None:
    """Hold a backup: nobody can drop it until the hold is released."""
    if not release and not (reason or "").strip():
        raise BadInput("a hold has a reason", hint="ops backup hold BACKUP --reason '...', or --release to end one")
    with control_plane() as control:
        found = backup_of(control, backup)
        held = control.backups.release_hold(found.id) if release else control.backups.hold(found.id, reason=str(reason))
        keys = environment_names(control)
    note(f"backup {held.id} is {'not held' if release else f'held: {held.hold_reason}'}")
    if json:
        _print(held, keys, json=True)


@app.command()
def drop(
    backup: BackupId,
    *,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "dropped by hand",
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Drop a backup. Refused if it is held, in use or the last verified one. Its record is kept."""
    with control_plane() as control:
        found = backup_of(control, backup)
        keys = environment_names(control)
        taken = f"{found.taken_at:%Y-%m-%d %H:%M %Z}" if found.taken_at else "never stored"
        confirm([f"drop backup {found.id} of {keys[found.environment_id]} ({found.status}, {taken})"], yes=yes)
        dropped = control.backups.drop(found.id, reason=reason)
    note(f"backup {dropped.id} is dropped; the next turn of retention removes it from the store")
    if json:
        _print(dropped, keys, json=True)


def _print(backup: Backup, keys: dict[UUID, str], *, json: bool) -> None:
    row = asdict(backup) | {"env": keys[backup.environment_id]} if json else _row(backup, keys)
    print_fields(row, json=json)


def _row(backup: Backup, keys: dict[UUID, str]) -> dict[str, object]:
    """Return the backup's row for a table."""
    return {
        "id": backup.id,
        "env": keys[backup.environment_id],
        "status": ", ".join(
            [backup.status, *(["held"] if backup.held_at else []), *(["mirrored"] if backup.mirrored_at else [])]
        ),
        "label": backup.label,
        "taken": backup.taken_at,
        "size": _size(backup.size_bytes),
        "stored": _size(backup.stored_bytes),
        "age": _age(backup.taken_at, datetime.now(UTC)),
    }


def _size(size_bytes: int | None) -> str | None:
    return None if size_bytes is None else size_text(size_bytes)


def _age(taken_at: datetime | None, now: datetime) -> str | None:
    """Return the age of the backup's data."""
    return None if taken_at is None else age_text(now - taken_at)
