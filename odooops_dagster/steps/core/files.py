"""Copies of filestores: an environment can write its files, so it shares no bytes with another or with a template."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

# ioctl_ficlone(2): the copy shares its blocks with the original until one of them is written.
_FICLONE = 0x40049409


def copy_tree(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`; a missing source gives an empty folder.

    Only folders and regular files are copied: a link in an environment's filestore could lead anywhere.
    """
    shutil.rmtree(target, ignore_errors=True)
    complete_tree(source, target)


def complete_tree(source: Path, target: Path) -> None:
    """Copy the files of `source` that are missing from `target`, or that have another size or time there.

    So most of a large folder is copied while it is in use, and only the rest when it is not any more.
    """
    target.mkdir(parents=True, exist_ok=True)
    for folder, _folders, names, descriptor in os.fwalk(source, follow_symlinks=False) if source.is_dir() else ():
        into = target / Path(folder).relative_to(source)
        into.mkdir(exist_ok=True)
        for name in names:
            with suppress(FileNotFoundError):  # deleted meanwhile
                if not _is_copied(name, into / name, folder=descriptor):
                    copy_file(name, into / name, folder=descriptor)


def copy_file(source: str | Path, target: Path, *, folder: int | None = None) -> bool:
    """Copy a regular file, without its bytes where the file system can; return False if it is not one.

    Args:
        source: the path of the file, or its name in `folder`.
        target: the path of the copy; a file there is replaced.
        folder: the descriptor of the folder in which `source` is.
    """
    try:
        reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        if stat.S_ISREG(os.stat(source, dir_fd=folder, follow_symlinks=False).st_mode):
            raise
        return False
    with os.fdopen(reading, "rb") as original:
        found = os.fstat(reading)
        if not stat.S_ISREG(found.st_mode):
            return False
        target.unlink(missing_ok=True)
        with target.open("xb") as copy:
            try:
                fcntl.ioctl(copy.fileno(), _FICLONE, reading)
            except OSError:
                shutil.copyfileobj(original, copy, 1024 * 1024)
            copy.flush()
            os.fchmod(copy.fileno(), stat.S_IMODE(found.st_mode) & 0o777)
            os.utime(copy.fileno(), ns=(found.st_atime_ns, found.st_mtime_ns))
    return True


def _is_copied(name: str, copy: Path, *, folder: int) -> bool:
    """Return whether the copy has the size and the time of the file in the folder."""
    try:
        there = copy.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return (found.st_size, found.st_mtime_ns) == (there.st_size, there.st_mtime_ns)
