"""Reads Odoo's filestore into objects; files are named by their SHA-1 and never change, small files share an object."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.tools.backup.encryption import LARGEST
from odooops_dagster.tools.backup.manifest import File, Piece
from odooops_dagster.tools.backup.repository import Known, Repository

# A file of this size or more has objects of its own: packing it with others saves nothing.
LARGE = LARGEST // 2
# Odoo's list of files for its own garbage collection; it holds no attachments.
_CHECKLIST = "checklist"
# Errors that mean that the path is absent or is not a regular file, such as a link or a folder.
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENAMETOOLONG, errno.ENXIO)
# The name of a file decides whether a pack ends after it, independent of other files: a retry finds the packs of a
# killed attempt again.


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The result of storing a group of files."""

    files: tuple[File, ...] = ()
    pieces: tuple[Piece, ...] = ()
    missing: tuple[str, ...] = ()


def groups(folder: Path, names: Iterable[str]) -> Iterator[list[str]]:
    """Yield the names in groups that are stored together; each large file is a group of its own."""
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
    """Store the files of one group."""
    if len(names) == 1 and _size(folder, names[0]) >= LARGE:
        return _keep_large(repository, known, folder, names[0])
    return _keep_pack(repository, known, folder, names)


def present(folder: Path) -> set[str]:
    """Return the names of the existing files; an empty set if the folder does not exist."""
    found: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and entry.name != _CHECKLIST:
                    found.update(f"{entry.name}/{name}" for name in os.listdir(entry.path))  # noqa: PTH208 - a Path for each costs most of the time
    except FileNotFoundError:
        return found
    except OSError as exc:
        raise Unavailable(f"{folder} cannot be read: {exc.strerror}", hint="let our account read it") from exc
    return found


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file in the filestore; raise BadInput for a name that leads out of it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or path.as_posix() != name or name == ".":
        raise BadInput(f"{name!r} is no name of a file in a filestore", hint="see ir_attachment.store_fname")
    return folder / path


def _keep_pack(repository: Repository, known: Known, folder: Path, names: Sequence[str]) -> Kept:
    contents: list[tuple[str, bytes]] = []
    missing: list[str] = []
    for name in names:
        with _opened(folder, name) as stream:
            if stream is None:
                missing.append(name)
            else:
                contents.append((name, stream.read(LARGEST + 1)))
    plain = b"".join(data for _, data in contents)
    if len(plain) > LARGEST:  # Odoo never changes a file, so a file that grew is not Odoo's
        message = f"files of {folder} change while they are read: {names[0]} and those after it"
        raise BadInput(message, hint="see who writes there, and make the backup again")
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
    """Store a large file piece by piece."""
    pieces: list[Piece] = []
    names: list[str] = []
    sha1 = hashlib.sha1(usedforsecurity=False)
    size = 0
    with _opened(folder, name) as stream:
        if stream is None:
            return Kept(missing=(name,))
        while data := stream.read(LARGEST):
            sha1.update(data)
            size += len(data)
            kept = repository.keep(data, known, has_lines=False)
            pieces += kept
            names.append(kept[0].name)
    return Kept(files=(_described(name, sha1.hexdigest(), size, 0, tuple(names)),), pieces=tuple(pieces))


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[BinaryIO | None]:
    """Yield the file open for reading, or None if there is no regular file; a link counts as none.

    Raises:
        Unavailable: the file exists and cannot be read; it must not be reported as lost.
    """
    try:
        descriptor = _descriptor(folder, inside(folder, name))
    except BadInput:
        descriptor = None
    except OSError as exc:
        raise _unreadable(folder, name, exc) from exc
    if descriptor is None:
        yield None
        return
    with os.fdopen(descriptor, "rb") as stream:
        try:
            yield stream
        except OSError as exc:
            raise _unreadable(folder, name, exc) from exc


def _descriptor(folder: Path, path: Path) -> int | None:
    """Open a file folder by folder without following links, so that no link leads out of the filestore."""
    *parents, last = path.relative_to(folder).parts
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for parent in parents:
            below = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = below
        # Without O_NONBLOCK, opening a named pipe would block.
        descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
    except OSError as exc:
        if exc.errno in _ABSENT:
            return None
        raise
    finally:
        os.close(place)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def _unreadable(folder: Path, name: str, exc: OSError) -> Unavailable:
    hint = f"see to the disk, and let the account of the backups read {folder}"
    return Unavailable(f"file {name} of the filestore cannot be read: {exc.strerror or exc}", hint=hint)


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
