"""Creates a backup: the database in one snapshot, then the files that it refers to, then the manifest."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, cast

from odooops_dagster.errors import Conflict, NotFound, Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup import filestore
from odooops_dagster.tools.backup.chunking import cut
from odooops_dagster.tools.backup.dump import Facts, Programs, Snapshot, snapshot, still_referenced
from odooops_dagster.tools.backup.logs import KeptLogs, LogSource, keep_logs, logs_of
from odooops_dagster.tools.backup.manifest import File, Manifest, Piece, checked_id
from odooops_dagster.tools.backup.parallel import Progress, in_order, silent
from odooops_dagster.tools.backup.repository import Known, Repository
from odooops_dagster.tools.backup.repository_lock import RepositoryLock, lock_repository

WORKERS = 4
_AHEAD = 2


@dataclass(frozen=True, kw_only=True)
class Created:
    """A backup that is in the store and not verified yet."""

    manifest: Manifest
    url: str
    stored_bytes: int  # bytes that the backup added to the store
    rescued: tuple[str, ...] = ()  # files that production lost and an earlier backup still has


@dataclass
class _Work:
    """The state of a backup while it is created."""

    repository: Repository
    known: Known
    pool: ThreadPoolExecutor
    progress: Progress
    lock: RepositoryLock
    objects: dict[str, Piece] = field(default_factory=dict)

    def keep_stream(self, what: str, stream: BinaryIO) -> tuple[tuple[str, ...], int]:
        """Store a stream of lines; return the names of its objects in order, and its size in bytes."""
        names: list[str] = []
        size = 0
        keep = partial(self.repository.keep, known=self.known, has_lines=True)
        for pieces in in_order(self.pool, keep, cut(stream), ahead=WORKERS + _AHEAD):
            self.add(pieces)
            names.append(pieces[0].name)
            size += pieces[0].size_bytes
            self.progress(what, size, None)
        return tuple(names), size

    def add(self, pieces: Iterable[Piece]) -> None:
        """Add objects to the manifest; raise RepositoryLocked if the lock was lost."""
        self.lock.check()
        self.objects.update((piece.name, piece) for piece in pieces)

    def stored_bytes(self) -> int:
        """Return how many bytes the backup added to the store."""
        return sum(piece.stored_bytes for piece in self.objects.values() if piece.key not in self.known.sizes)


@dataclass(frozen=True, kw_only=True)
class _Files:
    table: tuple[str, ...]
    count: int
    size_bytes: int
    missing: tuple[str, ...]
    altered: tuple[str, ...]
    rescued: tuple[str, ...]


def create(
    repository: Repository,
    access: DatabaseAccess,
    *,
    backup_id: str,
    filestore_path: Path,
    programs: Programs,
    metadata: Mapping[str, Any] | None = None,
    logs: Iterable[LogSource] = (),
    quarantine: Collection[str] = (),
    progress: Progress = silent,
) -> Created:
    """Back up the database, its filestore and the logs; rewrite the objects named in `quarantine`.

    A retry after a crash is safe: objects already in the store are not sent again, and a complete backup is returned
    unchanged. With `quarantine`, a new backup replaces the one with this id.

    Raises:
        StepFailed: pg_dump failed.
        Unavailable: the database or the store does not answer.
        Conflict: a collection is running, or may have run because our lock was not renewed in time.
    """
    with (
        lock_repository(repository, "writing", checked_id(backup_id)) as lock,
        ThreadPoolExecutor(WORKERS, thread_name_prefix="backup") as pool,
    ):
        made = repository.manifest_of(backup_id)
        if made and not quarantine:
            return Created(manifest=made, url=repository.url(made), stored_bytes=0)
        repository.mend(quarantine)
        known = repository.known(quarantine=quarantine, environment=(metadata or {}).get("environment"))
        work = _Work(repository, known, pool, progress, lock)
        with snapshot(access, programs=programs) as moment:
            (names, size), facts = _dump(work, moment)
        files = _keep_files(work, filestore_path, facts.file_names)
        deleted = _deleted_meanwhile(access, files.missing)
        kept = _keep_logs(work, logs)
        manifest = Manifest(
            id=backup_id,
            taken_at=facts.taken_at,
            database_name=access.database,
            dump_format="custom",
            dump=names,
            dump_bytes=size,
            **_of_files(files),
            log_table=_keep_table(work, "log table", kept.files),
            log_count=len(kept.files),
            log_bytes=sum(file.size_bytes for file in kept.files),
            objects=work.objects,
            facts=_kept(facts) | {"deleted": deleted, "logs": kept.facts()} | dict(metadata or {}),
        )
        created = _finish(work, manifest, files.rescued)
        if made and made.key != manifest.key:
            repository.forget(made.key)
        return created


def create_from_streams(
    repository: Repository,
    dump: BinaryIO,
    filestore_path: Path,
    *,
    manifest: Manifest,
    quarantine: Collection[str] = (),
    progress: Progress = silent,
) -> Created:
    """Create a backup from an external dump and a folder of files; `manifest` is its draft."""
    with (
        lock_repository(repository, "writing", checked_id(manifest.id)) as lock,
        ThreadPoolExecutor(WORKERS, thread_name_prefix="backup") as pool,
    ):
        repository.mend(quarantine)
        work = _Work(repository, repository.known(quarantine=quarantine), pool, progress, lock)
        names, size = work.keep_stream("database", dump)
        files = _keep_files(work, filestore_path, sorted(filestore.present(filestore_path)))
        described = _of_files(files) | {"missing": tuple(sorted({*manifest.missing, *files.missing}))}
        whole = replace(manifest, dump=names, dump_bytes=size, objects=work.objects, **described)
        return _finish(work, whole, files.rescued)


def _dump(work: _Work, moment: Snapshot) -> tuple[tuple[tuple[str, ...], int], Facts]:
    """Dump the database and query its facts in parallel."""
    with ThreadPoolExecutor(1) as asking, moment.dump() as stream:
        facts = asking.submit(moment.facts)
        return work.keep_stream("database", stream), facts.result()


def _finish(work: _Work, manifest: Manifest, rescued: tuple[str, ...]) -> Created:
    # The first object of a dump contains its time, and the file table differs in every backup: a later backup never
    # writes these objects again, so a second copy is their only repair.
    for name in (*manifest.dump[:1], *manifest.file_table, *manifest.log_table):
        work.repository.keep_twin(name, manifest.objects)
    # The manifest is valid only if no collection ran since the objects in the store were listed.
    work.lock.renew()
    url = work.repository.write_manifest(manifest)
    try:
        work.lock.check()
    except Conflict:
        work.repository.forget(manifest.key)
        raise
    return Created(
        manifest=manifest,
        url=url,
        stored_bytes=work.stored_bytes(),
        rescued=rescued,
    )


def _keep_files(work: _Work, folder: Path, wanted: Collection[str]) -> _Files:
    """Store the files that the last backup does not have, and write the file table of all."""
    here = filestore.present(folder)
    old = _old_files(work, set(wanted))
    if not here and not folder.is_dir() and set(wanted) - set(old):
        message = f"the filestore {folder} is not there, and the database refers to {len(wanted)} files"
        raise Unavailable(message, hint="see whether it is mounted, and whether it is the right folder")
    kept = [filestore.Kept(files=tuple(old.values()))]
    read = partial(filestore.keep_group, work.repository, work.known, folder)
    done = 0
    for group in in_order(work.pool, read, filestore.groups(folder, set(wanted) - set(old)), ahead=WORKERS + _AHEAD):
        work.add(group.pieces)
        kept.append(group)
        done += sum(file.size_bytes for file in group.files)
        work.progress("filestore", done, None)
    files = sorted(chain.from_iterable(group.files for group in kept), key=lambda file: file.name)
    return _Files(
        table=_keep_table(work, "file table", files),
        count=len(files),
        size_bytes=sum(file.size_bytes for file in files),
        missing=tuple(sorted(chain.from_iterable(group.missing for group in kept))),
        altered=tuple(file.name for file in files if file.sha1 and replace(file, sha1=None).expected_sha1),
        rescued=tuple(sorted(set(old) - here)),
    )


def _deleted_meanwhile(access: DatabaseAccess, missing: Collection[str]) -> list[str]:
    """Return the missing files that Odoo deleted during the backup: the current database no longer refers to them."""
    return sorted(set(missing) - still_referenced(access, missing)) if missing else []


def _keep_logs(work: _Work, sources: Iterable[LogSource]) -> KeptLogs:
    """Store the logs; reuse the logs of ended runs from the last backup."""
    last = work.known.last
    old: dict[str, File] = {}
    with suppress(Conflict, NotFound):  # if the log table is damaged, every log is read again
        old = {file.name: file for file in logs_of(work.repository, last)} if last else {}

    def known(name: str) -> File | None:
        pieces = list(map(work.known.kept, old[name].objects)) if name in old else []
        if not pieces or not all(pieces):
            return None
        work.add(chain.from_iterable(pieces))
        return old[name]

    keep = partial(work.keep_stream, "logs")
    return keep_logs(sources, keep=keep, known=known, since=last.taken_at if last else None)


def _keep_table(work: _Work, what: str, files: Iterable[File]) -> tuple[str, ...]:
    lines = b"".join(file.line() for file in files)
    return work.keep_stream(what, cast("BinaryIO", io.BytesIO(lines)))[0]


def _old_files(work: _Work, wanted: set[str]) -> dict[str, File]:
    """Return the wanted files that the last backup has and whose objects are still in the store."""
    last = work.known.last
    if last is None:
        return {}
    try:
        return _reused(work, last, wanted)
    except (Conflict, NotFound):
        return {}  # the file table is damaged: read every file again


def _reused(work: _Work, last: Manifest, wanted: set[str]) -> dict[str, File]:
    found: dict[str, File] = {}
    for line in work.repository.lines(last.file_table, last.objects):
        file = File.from_line(line)
        if file.name not in wanted or file.sha1:
            continue
        pieces = list(map(work.known.kept, file.objects))
        if all(pieces):
            found[file.name] = file
            work.add(chain.from_iterable(pieces))
    return found


def _of_files(files: _Files) -> dict[str, Any]:
    return {
        "file_table": files.table,
        "file_count": files.count,
        "file_bytes": files.size_bytes,
        "missing": files.missing,
        "altered": files.altered,
    }


def _kept(facts: Facts) -> dict[str, Any]:
    known = asdict(facts)
    return {name: known[name] for name in ("server_version", "modules", "rows", "elsewhere")}
