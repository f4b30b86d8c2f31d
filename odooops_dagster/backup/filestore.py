"""Odoo's filestore: files named by their SHA-1, never changed, small ones kept together."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from odooops_dagster.backup.manifest import File, Piece
from odooops_dagster.backup.repository import Known, Repository
from odooops_dagster.backup.sealing import LARGEST
from odooops_dagster.errors import BadInput

# Files from this size on are on their own: nothing is saved by keeping them together.
LARGE = LARGEST // 2
# A pack ends behind a file that its name chooses, whichever others are new: a killed attempt's packs are found again.


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What became of a group of files."""

    files: tuple[File, ...] = ()
    pieces: tuple[Piece, ...] = ()
    missing: tuple[str, ...] = ()


def groups(folder: Path, names: Iterable[str]) -> Iterator[list[str]]:
    """Yield the names in groups that are read and kept at once; large files are groups of their own."""
    pack: list[str] = []
    size = 0
    for name in sorted(names):
        file_size = _size(folder, name)
        if file_size >= LARGE:
            yield [name]
            continue
        if size + file_size > LARGEST and pack:
            yield pack
            pack, size = [], 0
        pack.append(name)
        size += file_size
        if size >= LARGE and _ends(name):
            yield pack
            pack, size = [], 0
    if pack:
        yield pack


def keep_group(repository: Repository, known: Known, folder: Path, names: Sequence[str]) -> Kept:
    """Keep the files of one group."""
    if len(names) == 1 and _size(folder, names[0]) >= LARGE:
        return _keep_large(repository, known, folder, names[0])
    return _keep_pack(repository, known, folder, names)


def present(folder: Path) -> set[str]:
    """Return the names of the files that are there."""
    found: set[str] = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and not entry.name.startswith("."):
                found.update(f"{entry.name}/{name}" for name in os.listdir(entry.path))  # noqa: PTH208 - a Path for each costs most of the time
    return found


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file of the filestore, which does not lead out of it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or path.as_posix() != name or name == ".":
        raise BadInput(f"{name!r} is no name of a file in a filestore", hint="see ir_attachment.store_fname")
    return folder / path


def _keep_pack(repository: Repository, known: Known, folder: Path, names: Sequence[str]) -> Kept:
    contents: list[tuple[str, bytes]] = []
    missing: list[str] = []
    for name in names:
        try:
            contents.append((name, inside(folder, name).read_bytes()))
        except (OSError, BadInput):
            missing.append(name)
    plain = b"".join(data for _, data in contents)
    if len(plain) > LARGEST:  # a file that grew since it was measured is none of Odoo's
        raise BadInput(f"files of {folder} change while they are read: {names[0]} and those after it")
    pieces = repository.keep(plain, known, has_lines=False) if plain else []
    files: list[File] = []
    offset = 0
    for name, data in contents:
        objects = (pieces[0].name,) if data else ()
        files.append(
            _described(name, hashlib.sha1(data, usedforsecurity=False).hexdigest(), len(data), offset, objects)
        )
        offset += len(data)
    return Kept(files=tuple(files), pieces=tuple(pieces), missing=tuple(missing))


def _keep_large(repository: Repository, known: Known, folder: Path, name: str) -> Kept:
    """Keep a file piece by piece."""
    pieces: list[Piece] = []
    names: list[str] = []
    sha1 = hashlib.sha1(usedforsecurity=False)
    size = 0
    try:
        with inside(folder, name).open("rb") as stream:
            while data := stream.read(LARGEST):
                sha1.update(data)
                size += len(data)
                kept = repository.keep(data, known, has_lines=False)
                pieces += kept
                names.append(kept[0].name)
    except FileNotFoundError:
        return Kept(missing=(name,))
    return Kept(files=(_described(name, sha1.hexdigest(), size, 0, tuple(names)),), pieces=tuple(pieces))


def _described(name: str, sha1: str, size: int, offset: int, objects: tuple[str, ...]) -> File:
    file = File(name=name, size_bytes=size, offset=offset, objects=objects)
    if file.expected_sha1 == sha1:
        return file
    return File(name=name, size_bytes=size, offset=offset, objects=objects, sha1=sha1)


def _size(folder: Path, name: str) -> int:
    try:
        return inside(folder, name).stat().st_size
    except (OSError, BadInput):
        return 0


def _ends(name: str) -> bool:
    return hashlib.sha1(name.encode(), usedforsecurity=False).digest()[0] < 16
