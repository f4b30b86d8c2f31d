"""Finds the files of a checkout that are only Git LFS pointers.

Source: docs/spec.md of git-lfs: a pointer is a text of less than 1024 bytes that begins with its version.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FIRST_LINE = b"version https://git-lfs.github.com/spec/v1\n"
_LARGEST = 1024
_OID = re.compile(rb"^oid sha256:(?P<oid>[0-9a-f]{64})$", re.MULTILINE)
_SIZE = re.compile(rb"^size (?P<size>\d{1,18})$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """A file that is in Git LFS: its path in the checkout, its size in bytes, and its SHA-256."""

    path: str
    size: int
    oid: str


def pointers(root: Path) -> tuple[Pointer, ...]:
    """Return the pointers below the folder, sorted by path; one that is damaged has no `oid`."""
    found = ((str(file.relative_to(root)), _text_of(file)) for file in _small_files(root))
    return tuple(_pointer(path, text) for path, text in sorted(found) if text.startswith(_FIRST_LINE))


def size_below(root: Path) -> int:
    """Return the bytes of all files below the folder."""
    return sum(file.lstat().st_size for file in _all_files(root))


def _pointer(path: str, text: bytes) -> Pointer:
    oid, size = _OID.search(text), _SIZE.search(text)
    return Pointer(path=path, size=int(size["size"]) if size else 0, oid=oid["oid"].decode() if oid else "")


def _small_files(root: Path) -> Iterator[Path]:
    files = _all_files(root)
    yield from (file for file in files if not file.is_symlink() and file.stat().st_size < _LARGEST)


def _all_files(root: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name != ".git"]
        yield from (Path(folder, name) for name in names)


def _text_of(file: Path) -> bytes:
    """Return the file's bytes if it begins like a pointer, else none; the first line decides for most files."""
    with file.open("rb") as stream:
        start = stream.read(len(_FIRST_LINE))
        return start + stream.read() if start == _FIRST_LINE else b""
