"""The folders that a Python interpreter needs: its own, its virtual environment's, and those of the links between."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def interpreter_folders(python: Path) -> tuple[Path, ...]:
    """Return the folders outside /usr that the interpreter is in, virtual environment and installation."""
    return outermost(path.parent.parent for path in _chain(python.absolute()))


def outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the existing paths outside /usr, which is in every sandbox, without those that are below another one."""
    existing = {path.absolute() for path in paths if path.exists()}
    found = {path for path in existing if not path.is_relative_to("/usr") and path != Path("/")}
    return tuple(sorted(path for path in found if not any(above in found for above in path.parents)))


def _chain(path: Path) -> list[Path]:
    """Return the path, and every path that it leads to link by link."""
    chain = [path]
    while chain[-1].is_symlink() and len(chain) < 40:
        here = chain[-1]
        chain.append(here.parent / here.readlink())
    return [*chain, path.resolve()]
