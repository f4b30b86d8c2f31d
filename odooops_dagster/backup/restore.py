"""Brings a backup back: into a database and a folder that appear whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from odooops_dagster.backup import dump
from odooops_dagster.backup.filestore import inside
from odooops_dagster.backup.manifest import File, Manifest
from odooops_dagster.backup.repository import Damaged, Repository
from odooops_dagster.backup.working import Progress, in_order, silent
from odooops_dagster.errors import Conflict, Unavailable
from odooops_dagster.files import locked
from odooops_dagster.model import DatabaseAccess

WORKERS = 4
_AHEAD = 2


class Databases(Protocol):
    """What makes databases; `odooops_dagster.databases.OdooDatabases` fulfils it."""

    def create(self, name: str, *, owner: str) -> None:
        """Create an empty database."""

    def access(self, name: str, *, role: str) -> DatabaseAccess:
        """Return how the role reaches it."""

    def rename(self, name: str, new_name: str) -> None:
        """Give it another name."""

    def drop(self, name: str) -> None:
        """Drop it, if it is there."""

    def exists(self, name: str) -> bool:
        """Return whether it is there."""


def restore(
    repository: Repository,
    manifest: Manifest,
    *,
    databases: Databases,
    database: str,
    owner: str,
    filestore_path: Path,
    programs: dump.Programs,
    progress: Progress = silent,
) -> None:
    """Restore database and filestore under names that are free; both appear at the end, or neither.

    May be told again after it was killed: what that one left is removed first.

    Raises:
        Conflict: a name is taken, or someone else restores there.
        Damaged: an object is not what was written.
    """
    with _place(filestore_path) as place:
        if databases.exists(database):
            place.keep()
            raise Conflict(f"database {database} is there already", hint="restore under another name, then swap")
        place.clear()
        if filestore_path.exists():
            raise Conflict(f"{filestore_path} is there already", hint="restore under another name, then swap")
        restore_filestore(repository, manifest, place.draft, progress=progress)
        with _drafted(databases, database, owner) as access:
            restore_database(repository, manifest, access, programs=programs, progress=progress)
            place.appear()


def restore_database(
    repository: Repository,
    manifest: Manifest,
    access: DatabaseAccess,
    *,
    programs: dump.Programs,
    progress: Progress = silent,
) -> None:
    """Fill an empty database with the backup's, as the role that `access` names; after an error it is to be dropped."""
    blocks = dump_blocks(repository, manifest, progress=progress)
    dump.load(access, blocks, dump_format=manifest.dump_format, programs=programs)


def files_of(repository: Repository, manifest: Manifest) -> list[File]:
    """Return the backup's files, as its table has them."""
    return [File.from_line(line) for line in repository.lines(manifest.file_table, manifest.objects)]


def restore_filestore(
    repository: Repository,
    manifest: Manifest,
    folder: Path,
    *,
    files: Sequence[File] | None = None,
    progress: Progress = silent,
) -> None:
    """Write the backup's files, or some of them, below a folder of one's own; each is checked before it is written.

    Raises:
        Damaged: an object is not what was written.
        Unavailable: the disk is full, or does not let us write.
    """
    if files is None:
        files = files_of(repository, manifest)
    try:
        _write_files(repository, manifest, folder, files, progress)
    except OSError as exc:
        hint = f"see to the disk and the rights: the files have {manifest.file_bytes} bytes"
        raise Unavailable(f"{folder} cannot be written: {exc.strerror or exc}", hint=hint) from exc


def _write_files(
    repository: Repository, manifest: Manifest, folder: Path, files: Sequence[File], progress: Progress
) -> None:
    whole = sum(file.size_bytes for file in files)
    packs: dict[tuple[str, ...], list[File]] = {}
    for file in files:
        packs.setdefault(file.objects, []).append(file)
    folder.mkdir(parents=True, exist_ok=True)
    for parent in {inside(folder, file.name).parent for file in files}:
        parent.mkdir(parents=True, exist_ok=True)
    write = partial(_write, repository, manifest, folder)
    done = 0
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="restore") as pool:
        for size in in_order(pool, write, packs.values(), ahead=WORKERS + _AHEAD):
            done += size
            progress("filestore", done, whole)


def dump_blocks(repository: Repository, manifest: Manifest, *, progress: Progress = silent) -> Iterator[bytes]:
    """Yield the dump, each block read back and checked."""
    done = 0
    read = partial(repository.read, objects=manifest.objects)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="restore") as pool:
        for plain in in_order(pool, read, manifest.dump, ahead=WORKERS + _AHEAD):
            done += len(plain)
            progress("database", done, manifest.dump_bytes)
            yield plain


def _write(repository: Repository, manifest: Manifest, folder: Path, files: list[File]) -> int:
    """Write the files that share their objects."""
    objects = files[0].objects
    if len(objects) > 1:
        return sum(_write_large(repository, manifest, inside(folder, file.name), file) for file in files)
    plain = memoryview(repository.read(objects[0], manifest.objects)) if objects else memoryview(b"")
    for file in files:
        part = plain[file.offset : file.offset + file.size_bytes]
        if len(part) != file.size_bytes:
            raise Damaged(f"file {file.name} is not where the file table says")
        inside(folder, file.name).write_bytes(part)
    return sum(file.size_bytes for file in files)


def _write_large(repository: Repository, manifest: Manifest, path: Path, file: File) -> int:
    with path.open("wb") as target:
        for name in file.objects:
            target.write(repository.read(name, manifest.objects))
    if path.stat().st_size != file.size_bytes:
        raise Damaged(f"file {file.name} is not as long as the file table says")
    return file.size_bytes


class _Place:
    """Where a filestore is to appear; its files are written beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.draft = path.with_name(f".{path.name}.draft")
        # Locked while we work. It is there before the folder appears, and says which folder that is.
        self.note = path.with_name(f".{path.name}.restoring")

    def appear(self) -> None:
        """Let the files appear, to be taken away again unless `settle` follows."""
        self.note.write_text(str(self.draft.stat().st_ino))
        self.draft.rename(self.path)

    def clear(self) -> None:
        """Remove what was never settled, by us or by one that was killed."""
        shutil.rmtree(self.draft, ignore_errors=True)
        if self.path.exists() and self.note.read_text() == str(self.path.stat().st_ino):
            shutil.rmtree(self.path)

    def keep(self) -> None:
        """Let what appeared stay."""
        self.note.write_text("")


@contextmanager
def _place(path: Path) -> Iterator[_Place]:
    """Hold the place of a filestore; what is there stays only when the block ends well."""
    place = _Place(path)

    def refuse() -> None:
        raise Conflict(f"a restore to {path} is under way", hint="wait for it, or restore under another name")

    with locked(place.note, on_wait=refuse):
        try:
            yield place
            place.keep()
        finally:
            place.clear()
            place.note.unlink()


@contextmanager
def _drafted(databases: Databases, name: str, owner: str) -> Iterator[DatabaseAccess]:
    """Yield an empty database that gets its name when the block ends well, and is dropped otherwise."""
    # The same in every attempt, so that the next one drops what a killed one left.
    draft = f"restoring_{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    databases.drop(draft)
    databases.create(draft, owner=owner)
    try:
        yield databases.access(draft, role=owner)
        databases.rename(draft, name)
    except BaseException:
        databases.drop(draft)
        raise
