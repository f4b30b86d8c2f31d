"""Zips that people bring: kept in the store until a run of kind backup has made a backup of them.

They are kept in pieces, sealed as the backups are: a zip holds all that a backup does. A zip's name in the store begins
with the hour it came, so that one whose run came to nothing is found and removed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

from odooops_dagster.backup.create import Created
from odooops_dagster.backup.distrust import distrusted
from odooops_dagster.backup.repository import Repository
from odooops_dagster.backup.sealing import LARGEST
from odooops_dagster.backup.working import Progress
from odooops_dagster.backup.zip_import import Report, import_zip
from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, NotFound, StepFailed
from odooops_dagster.files import whole_file
from odooops_dagster.model import Backup, Run
from odooops_dagster.steps.context import StepContext
from odooops_dagster.steps.progress import Meter, size_text
from odooops_dagster.store import ObjectStore

# What the run's config says of the zip stands under this word.
IMPORT = "import"

_FOLDER = "imports"
_NAME = re.compile(r"(?P<came>\d{10})-[0-9a-f]{16}")
_CAME = "%Y%m%d%H"
# A zip is kept before its run is queued, and a run may wait for long.
_KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class KeptZip:
    """A zip in the store, as the run that imports it is told."""

    name: str  # in the project's folder
    file_name: str  # what people called it
    database_name: str
    pieces: int
    sha256: str
    taken_at: str

    @classmethod
    def of(cls, run: Run) -> KeptZip | None:
        """Return the zip of which the run makes a backup; None where it makes one of its environment."""
        told = run.config.get(IMPORT)
        if told is None:
            return None
        try:
            kept = cls(**told)
            datetime.fromisoformat(kept.taken_at)
        except (TypeError, ValueError) as exc:
            raise BadInput(f"the run's config does not say which zip: {exc}", hint="ops backup import") from exc
        if not _NAME.fullmatch(str(kept.name)):
            raise BadInput(f"{str(kept.name)[:100]!r} names no zip in the store", hint="ops backup import")
        return kept

    def config(self) -> dict[str, object]:
        """Return what the run is to be told."""
        return {IMPORT: asdict(self)}


def keep_zip(
    repository: Repository, project_slug: str, report: Report, *, now: datetime, progress: Progress
) -> KeptZip:
    """Copy the zip into the store, from where a run on any machine takes it."""
    name = f"{now.astimezone(UTC):{_CAME}}-{token_hex(8)}"
    sha256 = hashlib.sha256()
    pieces = done = 0
    with report.path.open("rb") as stream:
        while piece := stream.read(LARGEST):
            key = _key(project_slug, name, pieces)
            repository.store.put(key, repository.sealer.seal(piece, label=key))
            sha256.update(piece)
            pieces, done = pieces + 1, done + len(piece)
            progress("zip into the store", done, report.packed_bytes)
    return KeptZip(
        name=name,
        file_name=report.path.name,
        database_name=report.database_name,
        pieces=pieces,
        sha256=sha256.hexdigest(),
        taken_at=min(report.taken_at, now).isoformat(),
    )


def create_from_zip(ctx: StepContext, repository: Repository, backup: Backup, kept: KeptZip) -> Created:
    """Make the run's backup of the zip.

    Raises:
        StepFailed: the zip is no longer in the store, or is not the one that was brought.
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
        distrust=distrusted(repository),
        progress=Meter(ctx.control.logs, ctx.fence),
    )


def forget_zip(ctx: StepContext) -> None:
    """Remove the zip of which the run made its backup, if it is an import."""
    if kept := KeptZip.of(ctx.run):
        for index in range(kept.pieces):
            ctx.store.delete(_key(ctx.project.slug, kept.name, index))


def remove_old_zips(control: ControlPlane, store: ObjectStore, *, now: datetime) -> list[str]:
    """Remove the zips that no run will ask for any more, and return the keys of their pieces."""
    old = [key for key, came in _kept(store) if now - came > _KEPT_FOR]
    if not old:
        return []
    waiting = {name for run in _unfinished(control) for name in _name_in(run)}
    gone = [key for key in old if _name_of(key) not in waiting]
    for key in gone:
        store.delete(key)
    return gone


def _fetch(ctx: StepContext, repository: Repository, kept: KeptZip, path: Path) -> None:
    hint = f"bring it again: ops backup import {ctx.project.slug} {ctx.environment.branch} {kept.file_name}"
    sha256 = hashlib.sha256()
    try:
        with whole_file(path) as target:
            for index in range(kept.pieces):
                key = _key(ctx.project.slug, kept.name, index)
                piece = repository.sealer.unseal(ctx.store.get(key), label=key)
                sha256.update(piece)
                target.write(piece)
    except (NotFound, Conflict) as exc:
        raise StepFailed(f"zip {kept.file_name} is no longer whole in the store: {exc}", hint=hint) from exc
    if sha256.hexdigest() != kept.sha256:
        raise StepFailed(f"zip {kept.file_name} is not what was brought: its hash is another", hint=hint)


def _kept(store: ObjectStore) -> Iterator[tuple[str, datetime]]:
    for found in store.list(f"{_FOLDER}/"):
        if name := _NAME.fullmatch(_name_of(found.key)):
            yield found.key, datetime.strptime(name["came"], _CAME).replace(tzinfo=UTC)


def _unfinished(control: ControlPlane) -> list[Run]:
    waiting = [control.runs.get(row["run_id"]) for row in control.runs.queued() if row["kind"] == "backup"]
    return [*control.runs.active(), *waiting]


def _name_in(run: Run) -> Iterator[str]:
    told = run.config.get(IMPORT)
    if isinstance(told, dict) and isinstance(told.get("name"), str):
        yield told["name"]


def _key(project_slug: str, name: str, index: int) -> str:
    return f"{_FOLDER}/{project_slug}/{name}/{index:06}"


def _name_of(key: str) -> str:
    return key.split("/")[-2]
