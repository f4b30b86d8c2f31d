"""Stores objects as files below a folder."""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from odooops_dagster.errors import Unavailable, Unreadable
from odooops_dagster.files import whole_file
from odooops_dagster.tools.store.objects import (
    BLOCK_BYTES,
    UNREADABLE,
    Source,
    StoredObject,
    WholeObjects,
    absent,
    checked_key,
    opened,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
# Errors of a single file; others, such as a stale mount, concern the whole store. Source: open(2), errno(3).
_OF_THE_OBJECT = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EIO,
        errno.ELOOP,
        errno.ENXIO,
        errno.ENODATA,
        errno.EBADMSG,
        errno.EUCLEAN,
        errno.EILSEQ,
        errno.EINVAL,
    }
)
# Do not follow a link, do not block on a pipe.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderStore(WholeObjects):
    """Stores objects as regular files below a folder; a link, a pipe or a device is not an object."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:  # noqa: ARG002 - a file has no type
        """Write a temporary file, flush it to disk, and rename it to the object's name."""
        path = self._path(key)
        with opened(source) as stream, self._translated(key):
            self._make_room(path)
            with whole_file(path) as target:
                shutil.copyfileobj(stream, target, length=BLOCK_BYTES)
            return self._describe(path, path.lstat())

    def open(self, key: str) -> BinaryIO:
        """Open the object's file."""
        path = self._path(key)
        try:
            with self._translated(key):
                self._refuse_way_out(path)
                descriptor = os.open(path, _FLAGS)
        except _ABSENT as exc:
            raise absent(key) from exc
        if stat.S_ISREG(kind := os.fstat(descriptor).st_mode):
            return io.BufferedReader(_Reader(self, key, descriptor), buffer_size=BLOCK_BYTES)
        os.close(descriptor)
        if stat.S_ISDIR(kind):
            raise absent(key)
        raise _unreadable(key, "it is no regular file")

    def stat(self, key: str) -> StoredObject | None:
        """Return the object's metadata from the file system, None if there is no regular file."""
        path = self._path(key)
        try:
            with self._translated(key):
                self._refuse_way_out(path)
                found = path.lstat()
        except _ABSENT:
            return None
        return self._describe(path, found) if stat.S_ISREG(found.st_mode) else None

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return the objects below the prefix, without hidden files, which are being written.

        A path that is not a regular file is returned with the size UNREADABLE, so that it is not mistaken for absent.
        """
        with self._translated(prefix):
            files = list(self._files(self._root / prefix.rpartition("/")[0]))
        keys = (path.relative_to(self._root).as_posix() for path in files if not path.name.startswith("."))
        for key in sorted(key for key in keys if key.startswith(prefix)):
            with self._translated(key), suppress(*_ABSENT):  # skip files that were deleted meanwhile
                yield self._describe(self._root / key, (self._root / key).lstat())

    def delete(self, key: str) -> None:
        """Delete the file, if it exists."""
        path = self._path(key)
        with self._translated(key), suppress(NotADirectoryError):
            self._refuse_way_out(path)
            path.unlink(missing_ok=True)

    def sweep(self, prefix: str, *, before: datetime) -> None:
        """Delete hidden files that were last modified before then."""
        with self._translated(prefix):
            for path in self._files(self._root / prefix):
                if path.name.startswith("."):
                    with suppress(FileNotFoundError):
                        if path.lstat().st_mtime < before.timestamp():
                            path.unlink()

    def _files(self, folder: Path) -> Iterator[Path]:
        """Yield every path below the folder that is not a folder, without following links."""

        def fail(error: OSError) -> None:
            if not isinstance(error, _ABSENT):
                raise error

        self._refuse_way_out(folder / "object")
        for place, _, names in os.walk(folder, onerror=fail):
            yield from (Path(place, name) for name in names)

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    def _make_room(self, path: Path) -> None:
        """Create the parent folder, and move away a folder with the object's name, which a rename cannot replace."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._refuse_way_out(path)
        if path.is_dir() and not path.is_symlink():
            path.rename(path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}"))

    def _refuse_way_out(self, path: Path) -> None:
        """Raise Unreadable if the path's folder is a link that leads out of the store."""
        if not path.parent.resolve().is_relative_to(self._root.resolve()):
            raise _unreadable(
                path.relative_to(self._root).as_posix(), "its folder is a link that leads out of the store"
            )

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        """Translate OSError; let errors for an absent file through."""
        try:
            yield
        except _ABSENT:
            raise
        except OSError as exc:
            raise self.translate(exc, key=key) from exc

    def translate(self, error: OSError, *, key: str) -> Unreadable | Unavailable:
        """Return Unreadable for an error of one object, Unavailable for an error of the store."""
        reason = error.strerror or str(error)
        if error.errno in _OF_THE_OBJECT and self._answers():
            return _unreadable(key, reason)
        hint = f"see to the disk and the rights of {self._root}"
        return Unavailable(f"{key}: the folder store answers: {reason}", hint=hint)

    def _answers(self) -> bool:
        """Return whether the root folder can be read."""
        try:
            with os.scandir(self._root) as entries:
                next(entries, None)
        except OSError:
            return False
        return True

    def _describe(self, path: Path, found: os.stat_result) -> StoredObject:
        key = path.relative_to(self._root).as_posix()
        modified_at = datetime.fromtimestamp(found.st_mtime, UTC)
        size = found.st_size if stat.S_ISREG(found.st_mode) else UNREADABLE
        return StoredObject(key=key, url=path.as_uri(), size_bytes=size, modified_at=modified_at)


class _Reader(io.RawIOBase):
    """Reads a file and translates its errors."""

    def __init__(self, store: FolderStore, key: str, descriptor: int) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._descriptor = descriptor

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read the next bytes into the buffer and return their number, 0 at the end."""
        try:
            return os.readv(self._descriptor, [buffer])
        except OSError as exc:
            raise self._store.translate(exc, key=self._key) from exc

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def _unreadable(key: str, reason: str) -> Unreadable:
    hint = "ops backup verify names the backups that need it; the next backup writes it again"
    return Unreadable(f"{key} cannot be read: {reason}", hint=hint)
