"""Restores a backup into a database and a folder that the caller provides, and checks each object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from odooops_dagster.errors import Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup import dump
from odooops_dagster.tools.backup.filestore import inside
from odooops_dagster.tools.backup.loading import load
from odooops_dagster.tools.backup.manifest import File, Manifest
from odooops_dagster.tools.backup.parallel import Progress, in_order, silent
from odooops_dagster.tools.backup.repository import Damaged, Repository
from odooops_dagster.tools.backup.schema_load import Loaded

WORKERS = 4
_AHEAD = 2


def restore_database(
    repository: Repository,
    manifest: Manifest,
    access: DatabaseAccess,
    *,
    programs: dump.Programs,
    progress: Progress = silent,
) -> Loaded:
    """Load the backup into an empty database as the role in `access`; after an error the caller has to drop it.

    Returns the left-out objects: those of the source server, and those that this server lacks.
    """
    blocks = partial(dump_blocks, repository, manifest, progress=progress)
    return load(access, blocks, dump_format=manifest.dump_format, programs=programs)


def files_of(repository: Repository, manifest: Manifest) -> list[File]:
    """Return the backup's files from its file table."""
    return [File.from_line(line) for line in repository.lines(manifest.file_table, manifest.objects)]


def restore_filestore(
    repository: Repository,
    manifest: Manifest,
    folder: Path,
    *,
    files: Sequence[File] | None = None,
    progress: Progress = silent,
) -> None:
    """Write the backup's files, or only `files`, into the folder; check each object before it is written.

    Raises:
        Damaged: an object differs from the written one.
        Unavailable: the disk is full or not writable.
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
    """Yield the dump in blocks, each checked."""
    done = 0
    read = partial(repository.read, objects=manifest.objects)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="restore") as pool:
        for plain in in_order(pool, read, manifest.dump, ahead=WORKERS + _AHEAD):
            done += len(plain)
            progress("database", done, manifest.dump_bytes)
            yield plain


def _write(repository: Repository, manifest: Manifest, folder: Path, files: list[File]) -> int:
    """Write the files that share their objects, and return their size in bytes."""
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
