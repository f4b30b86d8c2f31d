"""The folders that a Python interpreter needs: its own, its virtual environment's, and those of the links between."""

from __future__ import annotations

from pathlib import Path


def interpreter_folders(python: Path) -> tuple[Path, ...]:
    """Return the folders outside /usr that the interpreter is in, virtual environment and installation."""
    found = {path.parent.parent for path in _chain(python.absolute())}
    # What is in /usr is in every sandbox; a folder below another one comes with it.
    outside = {folder for folder in found if not folder.is_relative_to("/usr") and folder != Path("/")}
    return tuple(sorted(folder for folder in outside if not any(above in outside for above in folder.parents)))


def _chain(path: Path) -> list[Path]:
    """Return the path, and every path that it leads to link by link."""
    chain = [path]
    while chain[-1].is_symlink() and len(chain) < 40:
        here = chain[-1]
        chain.append(here.parent / here.readlink())
    return [*chain, path.resolve()]
