"""Objects as files below a folder."""

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
# Errors of one file; others, such as a stale mount or too many open files, are the store's. Source: open(2), errno(3).
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
# Never follow a link, never wait for a writer of a pipe.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderStore(WholeObjects):
    """Objects as regular files below a folder; a link, a pipe or a device is none."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:  # noqa: ARG002 - a file has no type
        """Write beside the object, flush to disk, and let the new one take its place."""
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
        """Return what the folder says of the object."""
        path = self._path(key)
        try:
            with self._translated(key):
                self._refuse_way_out(path)
                found = path.lstat()
        except _ABSENT:
            return None
        return self._describe(path, found) if stat.S_ISREG(found.st_mode) else None

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return the objects found below the folder; files that are being written have hidden names.

        What stands in an object's place and is no regular file is returned too, with UNREADABLE as its size: nobody may
        take it for absent.
        """
        with self._translated(prefix):
            files = list(self._files(self._root / prefix.rpartition("/")[0]))
        keys = (path.relative_to(self._root).as_posix() for path in files if not path.name.startswith("."))
        for key in sorted(key for key in keys if key.startswith(prefix)):
            with self._translated(key), suppress(*_ABSENT):  # what was deleted meanwhile is left out
                yield self._describe(self._root / key, (self._root / key).lstat())

    def delete(self, key: str) -> None:
        """Remove the file."""
        path = self._path(key)
        with self._translated(key), suppress(NotADirectoryError):
            self._refuse_way_out(path)
            path.unlink(missing_ok=True)

    def sweep(self, prefix: str, *, before: datetime) -> None:
        """Remove the hidden files in which nobody has written since then."""
        with self._translated(prefix):
            for path in self._files(self._root / prefix):
                if path.name.startswith("."):
                    with suppress(FileNotFoundError):
                        if path.lstat().st_mtime < before.timestamp():
                            path.unlink()

    def _files(self, folder: Path) -> Iterator[Path]:
        """Yield what is below the folder and is no folder, behind no link."""

        def fail(error: OSError) -> None:
            if not isinstance(error, _ABSENT):
                raise error

        self._refuse_way_out(folder / "object")
        for place, _, names in os.walk(folder, onerror=fail):
            yield from (Path(place, name) for name in names)

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    def _make_room(self, path: Path) -> None:
        """Put aside what stands in an object's place and is no file that a rename replaces: a folder."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._refuse_way_out(path)
        if path.is_dir() and not path.is_symlink():
            path.rename(path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}"))

    def _refuse_way_out(self, path: Path) -> None:
        """Refuse a folder that is a link out of the store: what lies there is not the store's."""
        if not path.parent.resolve().is_relative_to(self._root.resolve()):
            raise _unreadable(
                path.relative_to(self._root).as_posix(), "its folder is a link that leads out of the store"
            )

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        """Translate OSError; let the errors of a file that is not there through."""
        try:
            yield
        except _ABSENT:
            raise
        except OSError as exc:
            raise self.translate(exc, key=key) from exc

    def translate(self, error: OSError, *, key: str) -> Unreadable | Unavailable:
        """Return our error for the system's: of the one object, or of the store."""
        reason = error.strerror or str(error)
        if error.errno in _OF_THE_OBJECT and self._answers():
            return _unreadable(key, reason)
        hint = f"see to the disk and the rights of {self._root}"
        return Unavailable(f"{key}: the folder store answers: {reason}", hint=hint)

    def _answers(self) -> bool:
        """Return whether the store's own folder can be read."""
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
    """The bytes of a file, whose errors leave as ours."""

    def __init__(self, store: FolderStore, key: str, descriptor: int) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._descriptor = descriptor

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer with what comes next."""
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
