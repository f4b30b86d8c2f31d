"""`ops backup logs`: the logs that a backup contains besides the data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from odooops_dagster.doors.cli.arguments import BackupId
from odooops_dagster.doors.cli.lookup import backup_of
from odooops_dagster.doors.cli.output import Json, note, print_bytes, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane, platform, read_settings
from odooops_dagster.errors import Conflict, NotFound, Unavailable
from odooops_dagster.wording import size_text

if TYPE_CHECKING:
    from odooops_dagster.tools.backup.manifest import File, Manifest
    from odooops_dagster.tools.backup.repository import Repository

_EMPTY = "the backup holds no logs: it was made of a zip, or by an older version"


def logs(
    backup: BackupId,
    name: Annotated[
        str | None, typer.Argument(help="The log to print, as the list names it.", show_default=False)
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the logs below this folder.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """List, print or extract the logs in a backup: those of the environment's runs and of its Odoo."""
    from odooops_dagster.tools.backup.logs import logs_of
    from odooops_dagster.tools.backup.repositories import manifest_of

    settings = read_settings()
    with control_plane(settings) as control:
        found = backup_of(control, backup)
        control.members.require(found.project_id, "restore")
        environment = control.environments.by_id(found.environment_id)
        if found.manifest_url is None:
            raise Conflict(f"backup {found.id} is {found.status}: nothing of it is stored", hint="ops backup list")
        if name is not None or out is not None:
            facts = {"backup_id": str(found.id), "requested_by": caller(), "log": name}
            control.events.note(environment, "backup_logs_read", at=datetime.now(UTC), facts=facts)
    repository = platform(settings).repository(environment.project_slug)
    manifest = manifest_of(repository, found)
    files = _chosen(logs_of(repository, manifest), name)
    if out is not None:
        _write(repository, manifest, files, out)
        note(f"{len(files)} log(s) are in {out}")
    elif name is not None and not json:
        _print(repository, manifest, files)
    else:
        rows = [{"name": f.name, "size": f.size_bytes if json else size_text(f.size_bytes)} for f in files]
        print_rows(rows, columns=("name", "size"), json=json, empty=_EMPTY)


def _chosen(files: Sequence[File], name: str | None) -> list[File]:
    chosen = [file for file in files if name in (None, file.name)]
    if name is not None and not chosen:
        hint = f"it holds {', '.join(file.name for file in files)}" if files else _EMPTY
        raise NotFound(f"the backup holds no log {name}", hint=hint)
    return chosen


def _print(repository: Repository, manifest: Manifest, files: Sequence[File]) -> None:
    from odooops_dagster.tools.backup.logs import log_blocks

    print_bytes(block for file in files for block in log_blocks(repository, manifest, file))


def _write(repository: Repository, manifest: Manifest, files: Sequence[File], folder: Path) -> None:
    from odooops_dagster.files import whole_file
    from odooops_dagster.tools.backup.filestore import inside
    from odooops_dagster.tools.backup.logs import log_blocks

    for file in files:
        target = inside(folder, file.name)
        if target.exists():
            raise Conflict(f"{target} is there already", hint="name an empty folder")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(target) as stream:
                for block in log_blocks(repository, manifest, file):
                    stream.write(block)
        except OSError as exc:
            raise Unavailable(f"{target} cannot be written: {exc.strerror or exc}", hint="see to the disk") from exc
