"""Digests of a checked-out tree: of all of it, and of what is beside its modules."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from odooops_dagster.tools.project_file import NAME

_MANIFEST = "__manifest__.py"
# Files that are for people or for other programs, and those of which the meaning is a part of the key already.
_BESIDE_THE_POINT = frozenset({".md", ".rst", ".adoc"})
_KNOWN_OTHERWISE = frozenset({NAME, "requirements.txt", "LICENSE", "COPYING"})


def tree_digest(path: Path) -> str:
    """Return the SHA-256 over the name, kind and bytes of every file below the folder, in a fixed order."""
    return _digest(path, sorted(_files(path)))


def digest_beside_modules(path: Path) -> str:
    """Return the digest of the files that are in no module, which tests may read; empty if there are none.

    Documentation, hidden files, odooops.yaml and requirements.txt are none of them.
    """
    files = [file for file in _files(path, with_modules=False) if _may_matter(file.relative_to(path))]
    return _digest(path, sorted(files)) if files else ""


def _may_matter(file: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in file.parts)
    return not is_hidden and file.suffix.lower() not in _BESIDE_THE_POINT and file.name not in _KNOWN_OTHERWISE


def _digest(path: Path, files: list[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        kind = b"l" if file.is_symlink() else b"f"
        total.update(kind + os.fsencode(file.relative_to(path)) + b"\0" + _content_digest(file))
    return total.hexdigest()


def _content_digest(file: Path) -> bytes:
    """Return the SHA-256 of a link's target, or of a file, which is never read whole."""
    if file.is_symlink():
        return hashlib.sha256(os.fsencode(file.readlink())).digest()
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _files(path: Path, *, with_modules: bool = True) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(path):
        if _MANIFEST in names and not with_modules:
            subfolders.clear()
            continue
        if ".git" in subfolders:
            subfolders.remove(".git")
        links = [name for name in subfolders if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in (*names, *links) if name != ".git")
