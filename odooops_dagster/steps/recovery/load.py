"""The common part of restore, clone and drill: load a backup's data, compare them, and find their build."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from odooops_dagster.checks.restored import is_whole, judge_files, judge_left_out, judge_rows
from odooops_dagster.errors import NotFound, StepFailed
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import Backup, Build, CheckResult, DatabaseAccess
from odooops_dagster.steps.build.image import build_image, kept_build
from odooops_dagster.steps.build.repository import key_of
from odooops_dagster.steps.build.source import fetch_source
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.files import copy_file
from odooops_dagster.steps.core.progress import Meter
from odooops_dagster.tools import git
from odooops_dagster.tools.backup import dump
from odooops_dagster.tools.backup.dump import Facts
from odooops_dagster.tools.backup.filestore import inside
from odooops_dagster.tools.backup.manifest import File, Manifest
from odooops_dagster.tools.backup.mirror import MirroredRepository
from odooops_dagster.tools.backup.repositories import manifest_of, mirror_of, repository_of
from odooops_dagster.tools.backup.repository import Damaged, Repository
from odooops_dagster.tools.backup.restore import files_of, restore_database, restore_filestore
from odooops_dagster.tools.backup.schema_load import Loaded


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An opened backup: its row, its repository, its manifest and its file table."""

    backup: Backup
    repository: Repository
    manifest: Manifest
    files: Sequence[File]


def open_backup(ctx: StepContext, backup: Backup, *, is_proof: bool = False) -> Stored:
    """Read the manifest and the file table.

    Args:
        ctx: the context.
        backup: its row.
        is_proof: whether the store itself is to be proved: its mirror helps only who needs the data.

    Raises:
        Damaged: one of them is missing from the store or differs from what was written.
    """
    repository = repository_of(ctx.store, ctx.settings, ctx.project.slug)
    mirror = mirror_of(ctx.settings, ctx.project.slug) if backup.mirror_url and not is_proof else None
    if mirror is not None:
        repository = MirroredRepository(repository, mirror, tell=lambda said: ctx.log("warn", said))
    try:
        manifest = _manifest(repository, mirror, backup)
        return Stored(backup=backup, repository=repository, manifest=manifest, files=files_of(repository, manifest))
    except NotFound as exc:
        raise Damaged(f"backup {backup.id}: {exc}", hint=_OTHER) from exc


def _manifest(repository: Repository, mirror: Repository | None, backup: Backup) -> Manifest:
    """Return the backup's manifest; from the mirror, if the store has another one under its name."""
    try:
        return manifest_of(repository, backup)
    except Damaged:
        if mirror is None:
            raise
        return manifest_of(mirror, backup)


def load_backup(
    ctx: StepContext, stored: Stored, access: DatabaseAccess | None, folder: Path | None, *, twin: Path | None = None
) -> Loaded:
    """Fill the empty database and the folder at the same time, or only one of them; return the result of the load.

    Intact files in the folder `twin` are copied instead of fetched.

    Raises:
        Damaged: an object is missing from the store or differs from what was written.
        StepFailed: PostgreSQL refuses the dump.
    """
    stop = threading.Event()
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="files") as pool:
            filling = pool.submit(_fill, ctx, stored, folder, twin, stop) if folder is not None else None
            try:
                loaded = _load(ctx, stored, access) if access is not None else Loaded()
                if filling is not None:
                    filling.result()
            except BaseException:
                stop.set()  # a cancel does not wait for the files
                raise
            return loaded
    except NotFound as exc:
        raise Damaged(f"backup {stored.backup.id}: {exc}", hint=_OTHER) from exc


def compare_rows(ctx: StepContext, stored: Stored, access: DatabaseAccess, loaded: Loaded) -> tuple[Facts, CheckResult]:
    """Count the rows of every table as the backup did; return the database's facts and the check."""
    with dump.snapshot(access, programs=pg_programs(ctx.settings)) as moment:
        facts = moment.facts()
    expected = {
        table: count
        for table, count in stored.manifest.facts.get("rows", {}).items()
        # A table that the dump does not create belongs to an extension, and is missing without it.
        if table in facts.rows or table in loaded.tables or not loaded.lacks_extension
    }
    return facts, judge_rows(expected, facts.rows)


def compare_schema(loaded: Loaded) -> CheckResult:
    """Return the check of the parts of the dump that were left out."""
    return judge_left_out([asdict(gone) for gone in loaded.left_out])


def compare_files(stored: Stored, facts: Facts, folder: Path, *, hashed: bool) -> CheckResult:
    """Check every file of the file table and every file that the database names; `hashed` also hashes each file."""
    expected = {file.name: (file.size_bytes, file.expected_sha1 if hashed else None) for file in stored.files}
    return judge_files(folder, expected, spoken_of=set(facts.file_names) - set(stored.manifest.missing))


def damaged_files(stored: Stored, folder: Path) -> list[File]:
    """Return the files of the backup that are missing from the folder or differ there."""
    return [file for file in stored.files if not _has(folder, file)]


def build_of(ctx: StepContext, backup: Backup) -> Build:
    """Return the build that served the data; rebuild it from its commit if it is no longer kept.

    Raises:
        StepFailed: the build is gone, and its commit is unknown.
    """
    kept = kept_build(ctx, backup.image_digest)
    if kept is not None:
        return kept
    git_sha = backup.git_sha or _presumed_commit(ctx, backup)
    if not git_sha:
        raise StepFailed(
            f"the build of backup {backup.id} is gone: {backup.image_digest or 'nobody noted which it was'}",
            hint="push the commit that served it, and name a backup that was taken since",
        )
    ctx.log("info", f"the build of the backup is not kept here: making it from {git_sha[:12]}")
    again = replace(ctx, run=replace(ctx.run, git_sha=git_sha))
    build = build_image(again, fetch_source(again, is_recorded=True))
    if backup.image_digest and build.digest != backup.image_digest:
        ctx.log("warn", f"the build made again is {build.digest[:19]}, the backup was served by {backup.image_digest}")
    return build


def _presumed_commit(ctx: StepContext, backup: Backup) -> str | None:
    """Return the branch's newest commit for an adopted environment, whose deployed commit is unknown; else None."""
    origin = ctx.control.environments.by_id(backup.environment_id)
    if not origin.is_adopted:
        return None
    sha = git.head_of(ctx.project.repo_url, origin.branch, key=key_of(ctx))
    ctx.log("warn", f"nobody here knows which commit serves {origin.partition_key}: taking {origin.branch}, {sha[:12]}")
    return sha


_OTHER = "take another backup: ops backup list; ops backup verify says what is damaged"


def _load(ctx: StepContext, stored: Stored, access: DatabaseAccess) -> Loaded:
    programs = pg_programs(ctx.settings)
    return restore_database(
        stored.repository, stored.manifest, access, programs=programs, progress=Meter(ctx.control.logs, ctx.fence)
    )


def _fill(ctx: StepContext, stored: Stored, folder: Path, twin: Path | None, stop: threading.Event) -> None:
    here = [file for file in stored.files if twin is not None and not stop.is_set() and _has(twin, file)]
    copied = {file.name for file in here}
    rest = [file for file in stored.files if file.name not in copied]
    for file in here:
        target = inside(folder, file.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_file(inside(Path(twin or ""), file.name), target)
    meter = Meter(ctx.control.logs, ctx.fence)

    def progress(what: str, done: int, whole: int | None) -> None:
        if stop.is_set():
            raise StepFailed("stopped before every file was there")
        meter(what, done, whole)

    restore_filestore(stored.repository, stored.manifest, folder, files=rest, progress=progress)
    if here:
        ctx.log("info", f"{len(here)} files were here already, {len(rest)} were fetched")


def _has(folder: Path, file: File) -> bool:
    # Without a hash to compare, a file of the same length is not known to be the same.
    sha1 = file.expected_sha1
    return sha1 is not None and is_whole(inside(folder, file.name), size=file.size_bytes, sha1=sha1)
