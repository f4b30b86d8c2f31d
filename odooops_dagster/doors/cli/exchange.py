"""`ops backup export` and `ops backup import`: the zip of Odoo's own database manager and of Odoo.sh."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import BackupId, Branch, ProjectSlug
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import backup_of, environment_of, name_of
from odooops_dagster.doors.cli.output import Json, note, print_fields, print_json
from odooops_dagster.doors.cli.ports import caller, control_plane, platform, read_settings
from odooops_dagster.doors.cli.progress import bars
from odooops_dagster.errors import Conflict
from odooops_dagster.model import Backup, Environment, Project
from odooops_dagster.wording import size_text

if TYPE_CHECKING:
    from odooops_dagster.settings import Settings
    from odooops_dagster.tools.backup.zip_import import Report

_Target = Annotated[Path, typer.Argument(metavar="FILE", help="The zip to write.", show_default=False)]
_Source = Annotated[Path, typer.Argument(metavar="FILE", help="The zip to read.", show_default=False)]


def export(
    backup: BackupId,
    file: _Target,
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    json: Json = False,
) -> None:
    """Export a backup as a zip for Odoo's database manager. The data is not sanitised."""
    from odooops_dagster.local.pg_programs import pg_programs
    from odooops_dagster.tools.backup.repositories import manifest_of
    from odooops_dagster.tools.backup.zip_export import export_zip

    settings = read_settings()
    with control_plane(settings) as control:
        found = backup_of(control, backup)
        control.members.require(found.project_id, "restore")
        environment = control.environments.by_id(found.environment_id)
        if found.status != "verified":
            raise Conflict(f"backup {found.id} is {found.status}, not verified", hint="ops backup list")
        facts = {"backup_id": str(found.id), "requested_by": caller(), "file": file.name}
        control.events.note(environment, "backup_exported", at=datetime.now(UTC), facts=facts)
    repository = platform(settings).repository(environment.project_slug)
    manifest = manifest_of(repository, found)
    with bars() as progress:
        done = export_zip(repository, manifest, file, programs=pg_programs(settings), force=force, progress=progress)
    if done.missing:
        note(f"{len(done.missing)} file(s) were missing in production already: {', '.join(done.missing[:5])}")
    print_fields({"file": done.path, "size_bytes": done.size_bytes, "files": done.file_count}, json=json)


def import_(
    project: ProjectSlug,
    branch: Branch,
    file: _Source,
    *,
    label: Annotated[str | None, typer.Option(help="The backup's label. [default: the file's name]")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look at the zip, and import nothing.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end; exit 1 if it fails.")] = False,
    json: Json = False,
) -> None:
    """Make a backup of a zip from `odoo db dump`, the database manager or Odoo.sh."""
    from odooops_dagster.tools.backup.zip_import import inspect_zip

    settings = read_settings()
    with control_plane(settings) as control:
        environment = environment_of(control, project, branch)
        owner = control.projects.get(project)
        control.members.require(owner.id, "backup")
        with bars() as progress:
            report = inspect_zip(file, progress=progress)
        fields = _fields(report, _objections(settings, owner, environment, report))
        if dry_run:
            _print(fields, json=json)
            return
        asked = _ask(control, settings, environment, report, label=label or f"imported from {file.name}")
        run = control.runs.get(UUID(str(asked.run_id)))
        _print(fields | {"backup": str(asked.id), "run": name_of(run)}, json=json)
        if wait:
            run = follow_bytes(control, run)
    if wait:
        finish(run)


def _ask(control: ControlPlane, settings: Settings, environment: Environment, report: Report, *, label: str) -> Backup:
    """Copy the zip into the store and queue the run that makes a backup from it."""
    from odooops_dagster.steps.recovery.zips import keep_zip

    repository = platform(settings).repository(environment.project_slug)
    with bars() as progress:
        kept = keep_zip(repository, environment.project_slug, report, now=datetime.now(UTC), progress=progress)
    return control.backups.create(
        environment.project_id,
        env=environment.name,
        label=label,
        requested_by=caller(),
        trigger="cli",
        config=kept.config(),
    )


def _objections(settings: Settings, project: Project, environment: Environment, report: Report) -> tuple[str, ...]:
    """Return the objections to the zip, compared with the project, the server and the environment's Odoo modules."""
    from odooops_dagster.home import role_name
    from odooops_dagster.tools.postgres.contents import module_states

    servers = platform(settings).databases  # a read without our identity
    known: frozenset[str] | None = None
    if environment.database_name is not None and servers.exists(environment.database_name):
        access = servers.access(environment.database_name, role=role_name(environment))
        known = frozenset(module_states(access)) or None
    objections = report.objections(series=project.odoo_version, modules=known, postgres=servers.server_major())
    if known is None:
        objections += (f"whether its modules' code is here is not known: {environment.partition_key} runs no Odoo yet",)
    return objections


def _fields(report: Report, objections: tuple[str, ...]) -> dict[str, Any]:
    """Return the facts about the zip to print."""
    row = asdict(report)
    for name in ("odoo_manifest", "rows", "path"):
        del row[name]
    return row | {
        "file": str(report.path),
        "row_count": sum(report.rows.values()),
        "unpacked_bytes": report.unpacked_bytes,
        "objections": list(objections),
    }


def _print(fields: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(fields)
        return
    shown = {
        "file": fields["file"],
        "database": fields["database_name"],
        "taken at": fields["taken_at"],
        "Odoo": fields["odoo_version"],
        "PostgreSQL": fields["postgres_version"],
        "modules": len(fields["modules"]),
        "dump": f"{size_text(fields['dump_bytes'])}, {fields['row_count']} rows",
        "files": f"{fields['file_count']}, {size_text(fields['file_bytes'])}",
        "left out": ", ".join(fields["ignored"]) or "-",
    }
    print_fields(shown | {name: fields[name] for name in ("backup", "run") if name in fields})
    for objection in fields["objections"]:
        note(f"! {objection}")
