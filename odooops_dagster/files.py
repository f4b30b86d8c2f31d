"""Atomic writes of files, and lock files."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Open a temporary file that atomically replaces `path` if the block succeeds, and is removed if it raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_whole(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write the file atomically: a reader sees the old or the new bytes, even after a power failure."""
    with whole_file(path, mode=mode) as stream:
        stream.write(data)


def beneath(path: Path, folder: Path) -> Path:
    """Return the path relative to the folder if it is inside, else unchanged."""
    bases = (base for base in (folder, folder.resolve()) if path.is_relative_to(base))
    return next((path.relative_to(base) for base in bases), path)


@contextmanager
def locked(path: Path, *, on_wait: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold the file's lock for the block; call `on_wait` before waiting for another holder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        if not try_lock(file.fileno()):
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def try_lock(descriptor: int) -> bool:
    """Lock the open file if nobody holds its lock, and return whether it is ours.

    The kernel keeps the lock until the last copy of the descriptor is closed: a child process that inherits it keeps
    it after our death.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Make the folder's names survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
