"""Exports a backup as a zip for Odoo's database manager and Odoo.sh."""

from __future__ import annotations

import json
import re
import shutil
import time
import zipfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from odooops_dagster.errors import Conflict, Unavailable
from odooops_dagster.files import whole_file
from odooops_dagster.tools.backup import dump
from odooops_dagster.tools.backup.filestore import inside
from odooops_dagster.tools.backup.manifest import File, Manifest
from odooops_dagster.tools.backup.parallel import Progress, in_order, silent
from odooops_dagster.tools.backup.repository import Damaged, Repository
from odooops_dagster.tools.backup.restore import dump_blocks
from odooops_dagster.tools.backup.zip_entries import DUMP, FILESTORE, MANIFEST

_WORKERS = 4
_AHEAD = 2
_BLOCK = 1024 * 1024
# Most attachments are compressed already, and a higher level takes twice the time for slightly smaller SQL.
_LEVEL = 3
# Options that omit what belongs to the source server.
_NO_OTHER_HAS = (
    "--no-owner",
    "--no-privileges",
    "--no-tablespaces",
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
)
_SERIES = re.compile(r"(?:saas~)?(\d+)\.(\d+)")


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A completely written zip."""

    path: Path
    size_bytes: int
    file_count: int
    missing: tuple[str, ...]  # files that production itself did not have


def export_zip(
    repository: Repository,
    manifest: Manifest,
    target: Path,
    *,
    programs: dump.Programs,
    force: bool = False,
    progress: Progress = silent,
) -> Exported:
    """Write the backup as a zip; the target appears only when it is complete.

    Raises:
        Conflict: the target already exists.
        Damaged: an object differs from the written one.
        StepFailed: pg_restore cannot read the dump.
        Unavailable: the disk is full or not writable.
    """
    if target.exists() and not force:
        raise Conflict(f"{target} is there already", hint="name another file, or say --force")
    try:
        count = _write(repository, manifest, target, programs, progress)
    except OSError as exc:
        raise Unavailable(
            f"{target} cannot be written: {exc.strerror or exc}", hint="see to the disk and its rights"
        ) from exc
    return Exported(
        path=target, size_bytes=target.stat().st_size, file_count=count, missing=tuple(sorted(manifest.missing))
    )


def _write(
    repository: Repository, manifest: Manifest, target: Path, programs: dump.Programs, progress: Progress
) -> int:
    with (
        whole_file(target) as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive,
    ):
        # The dump is first, as in Odoo's zip, so that a streaming reader gets the database before the files.
        with _entry(archive, DUMP, manifest) as entry:
            _write_dump(repository, manifest, entry, programs, progress)
        with _entry(archive, MANIFEST, manifest) as entry:
            entry.write(json.dumps(odoo_manifest(manifest), indent=4).encode())
        return _write_files(repository, manifest, archive, progress)


def odoo_manifest(manifest: Manifest) -> dict[str, Any]:
    """Return the content of Odoo's manifest.json."""
    facts = manifest.facts
    modules = dict(facts.get("modules", {}))
    series = _series(str(modules.get("base", "") or facts.get("odoo_version", "")))
    major = str(facts.get("server_version", "")).partition(".")[0].partition(" ")[0]
    words = {
        "odoo_dump": "1",
        "version": series,
        "version_info": [*map(int, series.split(".")), 0, "final", 0, ""] if series else [],
        "major_version": series,
        "pg_version": f"{major}.0" if major else "",
        "modules": modules,
    }
    # For an imported zip, the original manifest.json takes precedence.
    return words | dict(facts.get("odoo_manifest", {})) | {"db_name": manifest.database_name}


def _series(version: str) -> str:
    """Return the series of an installed module's version: 19.0 of 19.0.1.3."""
    found = _SERIES.match(version)
    return f"{found[1]}.{found[2]}" if found else ""


@contextmanager
def _entry(archive: zipfile.ZipFile, name: str, manifest: Manifest, *, size: int | None = None) -> Iterator[IO[bytes]]:
    info = zipfile.ZipInfo(name, date_time=_date(manifest))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    info.file_size = size or 0
    # An entry of unknown size may exceed 4 GiB.
    with archive.open(info, "w", force_zip64=size is None) as entry:
        yield entry


def _date(manifest: Manifest) -> tuple[int, int, int, int, int, int]:
    # A zip stores local time.
    taken = time.localtime(manifest.taken_at.timestamp())
    return (max(taken.tm_year, 1980), taken.tm_mon, taken.tm_mday, taken.tm_hour, taken.tm_min, taken.tm_sec)


def _write_dump(
    repository: Repository, manifest: Manifest, entry: IO[bytes], programs: dump.Programs, progress: Progress
) -> None:
    blocks = dump_blocks(repository, manifest, progress=progress)
    if manifest.dump_format == "plain":
        for block in blocks:
            entry.write(block)
        return
    with dump.as_sql(blocks, programs=programs, options=_NO_OTHER_HAS) as sql:
        shutil.copyfileobj(sql, entry, _BLOCK)


def _write_files(repository: Repository, manifest: Manifest, archive: zipfile.ZipFile, progress: Progress) -> int:
    """Write the files and return their number; each object is read once, and only a few are in memory."""
    packs: dict[tuple[str, ...], list[File]] = {}
    for line in repository.lines(manifest.file_table, manifest.objects):
        file = File.from_line(line)
        inside(Path(FILESTORE), file.name)  # refuse a name that leads out of the folder
        packs.setdefault(file.objects if len(file.objects) == 1 else (*file.objects, file.name), []).append(file)
    done = 0
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="export") as pool:
        read = partial(_read_pack, repository, manifest)
        small = (files for files in packs.values() if len(files[0].objects) <= 1)
        for files, plain in in_order(pool, read, small, ahead=_WORKERS + _AHEAD):
            for file in files:
                _write_file(archive, manifest, file, [_part(file, plain)])
                done += file.size_bytes
            progress("filestore", done, manifest.file_bytes)
        for file, *_ in (files for files in packs.values() if len(files[0].objects) > 1):
            pieces = in_order(pool, partial(repository.read, objects=manifest.objects), file.objects, ahead=_AHEAD)
            _write_file(archive, manifest, file, pieces)
            done += file.size_bytes
            progress("filestore", done, manifest.file_bytes)
    return sum(map(len, packs.values()))


def _read_pack(repository: Repository, manifest: Manifest, files: list[File]) -> tuple[list[File], bytes]:
    objects = files[0].objects
    return files, repository.read(objects[0], manifest.objects) if objects else b""


def _part(file: File, plain: bytes) -> memoryview:
    return memoryview(plain)[file.offset : file.offset + file.size_bytes]


def _write_file(archive: zipfile.ZipFile, manifest: Manifest, file: File, parts: Iterable[bytes | memoryview]) -> None:
    size = 0
    with _entry(archive, FILESTORE + file.name, manifest, size=file.size_bytes) as entry:
        for part in parts:
            entry.write(part)
            size += len(part)
    if size != file.size_bytes:
        raise Damaged(f"file {file.name} is not where the file table says")
