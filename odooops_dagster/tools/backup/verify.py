"""Verifies a backup: reads all of its objects from the store and reports every defect."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from odooops_dagster.errors import Conflict, NotFound, StepFailed
from odooops_dagster.tools.backup import dump
from odooops_dagster.tools.backup.chunking import lines_of
from odooops_dagster.tools.backup.copy_rows import column_values, stream_of
from odooops_dagster.tools.backup.external_files import store_of
from odooops_dagster.tools.backup.manifest import File, Manifest
from odooops_dagster.tools.backup.parallel import Progress, in_order, silent
from odooops_dagster.tools.backup.repository import Absent, Damaged, Repository

WORKERS = 4
_AHEAD = 2
# What a defect of the manifest is said of.
MANIFEST = "manifest"
# Entries in the output of `pg_restore --list`.
_ATTACHMENTS = " TABLE DATA public ir_attachment "
_WITH_DATA = re.compile(r"^\d+; \d+ \d+ (TABLE DATA|BLOBS|LARGE OBJECTS) ")
_BLOCK = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A part of a backup that cannot be restored."""

    subject: str
    message: str
    object: str | None = None  # the damaged object, to be quarantined

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The result of a verification."""

    defects: tuple[Defect, ...]
    object_count: int
    read_bytes: int
    file_count: int
    missing: tuple[str, ...]  # files that production itself had lost

    @property
    def is_good(self) -> bool:
        """Return whether the backup can be restored."""
        return not self.defects

    @property
    def quarantined(self) -> frozenset[str]:
        """Return the names of the objects that the next backup has to rewrite."""
        return frozenset(defect.object for defect in self.defects if defect.object)


@dataclass
class _Reading:
    repository: Repository
    manifest: Manifest
    pool: ThreadPoolExecutor
    progress: Progress
    defects: dict[tuple[str, str], Defect] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)  # names of objects read so far
    read_bytes: int = 0

    def blame(self, subject: str, message: str, *, name: str | None = None) -> None:
        self.defects.setdefault((subject, message), Defect(subject=subject, message=message, object=name))

    def read(self, name: str) -> bytes:
        """Return the object's plain bytes."""
        piece = self.manifest.objects.get(name)
        self.seen.update({name, piece.base} if piece and piece.base else {name})
        return self.repository.read(name, self.manifest.objects)

    def blocks(self, what: str, names: Iterable[str]) -> Iterator[bytes]:
        """Yield the plain bytes of the objects in order; report a damaged object and end the stream there."""
        is_whole = True
        for plain in in_order(self.pool, self._try, names, ahead=WORKERS + _AHEAD):
            if not isinstance(plain, bytes):
                self.blame(what, str(plain), name=plain.object_name)
                is_whole = False
                continue  # the remaining objects are still checked
            self.read_bytes += len(plain)
            self.progress(what, self.read_bytes, self.manifest.size_bytes)
            if is_whole:
                yield plain

    def _try(self, name: str) -> bytes | Damaged | Absent:
        try:
            return self.read(name)
        except (Damaged, Absent) as exc:
            return exc


def verify(
    repository: Repository, manifest: Manifest, *, programs: dump.Programs, progress: Progress = silent
) -> Verification:
    """Read and hash every object and file, and read the dump with pg_restore.

    Raises:
        Unavailable: the store does not answer; nothing is known about the backup.
    """
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="verify") as pool:
        reading = _Reading(repository, manifest, pool, progress)
        _check_manifest(reading)
        referenced = _check_dump(reading, programs)
        files = _check_table(reading, "file table", manifest.file_table, manifest.file_count)
        _check_files(reading, files)
        _check_files(reading, _check_table(reading, "log table", manifest.log_table, manifest.log_count))
        # Check objects that were not reached because the file table is damaged.
        for _ in reading.blocks("objects", sorted(manifest.objects.keys() - reading.seen)):
            pass
    for name in sorted(referenced - files.keys() - set(manifest.missing)):
        reading.blame(name, "the database refers to this file and the backup does not have it")
    return Verification(
        defects=tuple(reading.defects.values()),
        object_count=len(manifest.objects),
        read_bytes=reading.read_bytes,
        file_count=len(files),
        missing=manifest.lost,
    )


def _check_manifest(reading: _Reading) -> None:
    """Compare the stored manifest, which a restore uses, with the given one."""
    try:
        stored = reading.repository.manifest(reading.manifest.key)
    except (Conflict, NotFound) as exc:
        reading.blame(MANIFEST, str(exc))
        return
    if stored.sha256 != reading.manifest.sha256:
        reading.blame(MANIFEST, "the store holds another one than was written")


def _check_dump(reading: _Reading, programs: dump.Programs) -> set[str]:
    """Read the dump and return the files that its attachments refer to."""
    size = sum(reading.manifest.objects[name].size_bytes for name in reading.manifest.dump)
    if size != reading.manifest.dump_bytes:
        reading.blame("database", f"the dump has {size} bytes, {reading.manifest.dump_bytes} were written")
    blocks = reading.blocks("database", reading.manifest.dump)
    names: set[str] = set()
    try:
        if reading.manifest.dump_format == "plain":
            names = _names_in_plain(reading, blocks)
        else:
            names = _names_in_custom(reading, blocks, programs)
    except StepFailed as exc:
        reading.blame("database", str(exc))
    for _ in blocks:
        pass  # also read the objects that the program skipped
    return names


def _names_in_custom(reading: _Reading, blocks: Iterator[bytes], programs: dump.Programs) -> set[str]:
    listed = dump.entries(_first(reading), programs=programs)
    if not listed:
        reading.blame("database", "pg_restore --list finds nothing in the dump")
    with_data = [entry for entry in listed if _WITH_DATA.search(entry)]
    # Selecting the last data entry makes pg_restore read the dump to its end.
    wanted = dict.fromkeys([*(entry for entry in with_data if _ATTACHMENTS in entry), *with_data[-1:]])
    with tempfile.NamedTemporaryFile("w") as chosen:
        chosen.writelines(wanted)
        chosen.flush()
        with dump.as_sql(blocks, programs=programs, options=(f"--use-list={chosen.name}",)) as stream:
            names = _attachments(stream)
            while stream.read(_BLOCK):
                pass  # pg_restore fails if its output is closed early
    return names


def _first(reading: _Reading) -> Iterator[bytes]:
    """Yield the dump again; pg_restore reads only its head."""
    for name in reading.manifest.dump:
        try:
            yield reading.repository.read(name, reading.manifest.objects)
        except (Damaged, Absent):
            return  # already reported


def _names_in_plain(reading: _Reading, blocks: Iterator[bytes]) -> set[str]:
    watched = _Watched(blocks)
    stream = stream_of(watched)
    names = _attachments(stream)
    while stream.read(_BLOCK):
        pass
    if not watched.has_ended:
        reading.blame("database", "the dump has no end")
    return names


class _Watched:
    """Passes on the blocks of a plain dump, and records whether pg_dump's end marker was among them."""

    _LAST_WORDS = b"\n-- PostgreSQL database dump complete"

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.has_ended = False

    def __iter__(self) -> Iterator[bytes]:
        before = b"\n"
        for block in self._blocks:
            seam = before + block[: len(self._LAST_WORDS)]
            self.has_ended |= self._LAST_WORDS in seam or self._LAST_WORDS in block
            before = (before + block[-len(self._LAST_WORDS) :])[-len(self._LAST_WORDS) :]
            yield block


def _attachments(stream: BinaryIO) -> set[str]:
    """Return the filestore names of all attachments in the SQL of a dump."""
    names = column_values(stream, table="public.ir_attachment", column="store_fname")
    return {name for name in names if not store_of(name)}


def _check_table(reading: _Reading, what: str, table: Iterable[str], count: int) -> dict[str, File]:
    files: dict[str, File] = {}
    for line in lines_of(reading.blocks(what, table)):
        try:
            file = File.from_line(line)
        except Conflict as exc:
            reading.blame(what, str(exc))
            continue
        files[file.name] = file
    if len(files) != count:
        reading.blame(what, f"{len(files)} files are in the table, {count} were written")
    return files


def _check_files(reading: _Reading, files: dict[str, File]) -> None:
    """Read every object of the files once, and hash its files."""
    packs: dict[str, list[File]] = {}
    for file in files.values():
        if len(file.objects) == 1:
            packs.setdefault(file.objects[0], []).append(file)
    alone = [[file] for file in files.values() if len(file.objects) != 1]
    check = partial(_check_group, reading)
    for found, size in in_order(reading.pool, check, [*packs.values(), *alone], ahead=WORKERS + _AHEAD):
        reading.read_bytes += size
        reading.progress("filestore", reading.read_bytes, reading.manifest.size_bytes)
        for defect in found:
            reading.blame(defect.subject, defect.message, name=defect.object)


def _check_group(reading: _Reading, files: list[File]) -> tuple[list[Defect], int]:
    """Read the objects that the files share, hash each file, and return the defects and the bytes read."""
    hashes = {file.name: hashlib.sha1(usedforsecurity=False) for file in files}
    sizes = dict.fromkeys(hashes, 0)
    size = 0
    for name in files[0].objects:
        try:
            plain = memoryview(reading.read(name))
        except (Damaged, Absent) as exc:
            return [Defect(subject=file.name, message=str(exc), object=exc.object_name) for file in files], size
        size += len(plain)
        for file in files:
            part = plain[file.offset : file.offset + file.size_bytes] if len(file.objects) == 1 else plain
            hashes[file.name].update(part)
            sizes[file.name] += len(part)
    return [
        Defect(subject=file.name, message=f"does not hash to {file.expected_sha1}")
        for file in files
        if sizes[file.name] != file.size_bytes
        or (file.expected_sha1 and hashes[file.name].hexdigest() != file.expected_sha1)
    ], size
