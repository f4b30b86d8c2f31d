"""Imported zips: kept in the store until a run of kind `backup` has made a backup from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, NotFound, StepFailed
from odooops_dagster.files import whole_file
from odooops_dagster.kinds import BackupConfig
from odooops_dagster.model import Backup, Run
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.old_uploads import remove_old
from odooops_dagster.steps.core.progress import Meter
from odooops_dagster.tools.backup.create import Created
from odooops_dagster.tools.backup.parallel import Progress
from odooops_dagster.tools.backup.quarantine import quarantined
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.uploads import Upload, remove_upload, take_up, upload
from odooops_dagster.tools.backup.zip_import import Report, import_zip
from odooops_dagster.tools.store import ObjectStore
from odooops_dagster.wording import size_text

# The key of the zip's description in the run's config.
IMPORT = "import"

_FOLDER = "imports"


@dataclass(frozen=True, kw_only=True)
class KeptZip:
    """A zip in the store, as described in the config of the run that imports it."""

    name: str  # in the project's folder
    file_name: str  # the original name
    database_name: str
    pieces: int
    sha256: str
    taken_at: str

    @classmethod
    def of(cls, run: Run) -> KeptZip | None:
        """Return the zip that the run imports; None if the run backs up its environment."""
        told = BackupConfig.of(run).imported if run.kind == "backup" else None
        if told is None:
            return None
        try:
            kept = cls(**told)  # type: ignore[arg-type]  # checked below
            datetime.fromisoformat(kept.taken_at)
        except (TypeError, ValueError) as exc:
            raise BadInput(f"the run's config does not say which zip: {exc}", hint="ops backup import") from exc
        if kept.handed is None:
            raise BadInput(f"{str(kept.name)[:100]!r} names no zip in the store", hint="ops backup import")
        return kept

    @property
    def handed(self) -> Upload | None:
        """Return the zip's upload in the store; None if the name cannot be an upload's."""
        try:
            return Upload(name=self.name, pieces=self.pieces, sha256=self.sha256)
        except ValidationError:
            return None

    def config(self) -> dict[str, object]:
        """Return the run's config for this zip."""
        return {IMPORT: asdict(self)}


def keep_zip(
    repository: Repository, project_slug: str, report: Report, *, now: datetime, progress: Progress
) -> KeptZip:
    """Copy the zip into the store, where a run on any machine can read it."""
    with report.path.open("rb") as stream:
        handed = upload(
            repository,
            f"{_FOLDER}/{project_slug}",
            stream,
            now=now,
            progress=lambda done: progress("zip into the store", done, report.packed_bytes),
        )
    return KeptZip(
        name=handed.name,
        file_name=report.path.name,
        database_name=report.database_name,
        pieces=handed.pieces,
        sha256=handed.sha256,
        taken_at=min(report.taken_at, now).isoformat(),
    )


def create_from_zip(ctx: StepContext, repository: Repository, backup: Backup, kept: KeptZip) -> Created:
    """Make the run's backup from the zip.

    Raises:
        StepFailed: the zip is no longer in the store, or is not the one that was uploaded.
        BadInput: it is no zip of an Odoo database.
    """
    path = ctx.run_folder / "import.zip"
    _fetch(ctx, repository, kept, path)
    ctx.log("info", f"zip {kept.file_name}: {size_text(path.stat().st_size)}, of {kept.taken_at}")
    return import_zip(
        repository,
        path,
        backup_id=str(backup.id),
        folder=ctx.run_folder / "import",
        taken_at=datetime.fromisoformat(kept.taken_at),
        database_name=kept.database_name,
        metadata={
            "project": ctx.project.slug,
            "environment": ctx.environment.name,
            "stage": ctx.environment.stage,
            "label": backup.label,
            "imported_from": kept.file_name,
        },
        quarantine=quarantined(repository),
        progress=Meter(ctx.control.logs, ctx.fence),
    )


def forget_zip(ctx: StepContext) -> None:
    """Remove the run's zip from the store if the run is an import."""
    if (kept := KeptZip.of(ctx.run)) and kept.handed:
        remove_upload(ctx.store, f"{_FOLDER}/{ctx.project.slug}", kept.handed)


def remove_old_zips(control: ControlPlane, store: ObjectStore, *, now: datetime) -> list[str]:
    """Remove the old zips that no unfinished run needs, and return the keys of their pieces."""
    return remove_old(control, store, _FOLDER, now=now)


def _fetch(ctx: StepContext, repository: Repository, kept: KeptZip, path: Path) -> None:
    hint = f"bring it again: ops backup import {ctx.project.slug} {ctx.environment.branch} {kept.file_name}"
    handed = kept.handed
    if handed is None:
        raise StepFailed(f"{kept.name!r} names no zip in the store", hint=hint)
    try:
        with whole_file(path) as target:
            for piece in take_up(repository, f"{_FOLDER}/{ctx.project.slug}", handed):
                target.write(piece)
    except (NotFound, Conflict) as exc:
        raise StepFailed(f"zip {kept.file_name} is no longer whole in the store: {exc}", hint=hint) from exc
