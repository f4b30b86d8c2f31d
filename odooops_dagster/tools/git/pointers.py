"""Finds the files of which a checkout has only a Git LFS pointer.

Source: docs/spec.md of git-lfs: a pointer is a text of less than 1024 bytes that begins with its version.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_FIRST_LINE = b"version https://git-lfs.github.com/spec/v1\n"
_LARGEST = 1024


def pointers(root: Path) -> tuple[str, ...]:
    """Return the paths of the pointers below the folder, sorted."""
    return tuple(sorted(str(file.relative_to(root)) for file in _small_files(root) if _is_pointer(file)))


def _small_files(root: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name != ".git"]
        files = (Path(folder, name) for name in names)
        yield from (file for file in files if not file.is_symlink() and file.stat().st_size < _LARGEST)


def _is_pointer(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_FIRST_LINE)) == _FIRST_LINE
