"""The files of a repository, as the lines of its Dockerfile name them: its links multiply nothing."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from odooops_dagster.tools.project_file.dockerfile.limits import Limits

GIT = ".git"
_PATTERN = frozenset("*?[")


class Tree:
    """A checked-out commit, which one Dockerfile may look through up to a limit.

    Args:
        root: the repository's folder.
        limits: what was counted of the Dockerfile.
    """

    def __init__(self, root: Path, limits: Limits) -> None:
        self.limits = limits
        self._root = root.resolve()
        self._links: dict[Path, str | None] = {}

    def named(self, name: str) -> Iterator[Path]:
        """Yield the files and folders of the commit of that name, or of that pattern, sorted by their parts."""
        for path in self._found(PurePosixPath(name.lstrip("/")).parts):
            if os.path.exists(path) and self.has(path):  # noqa: PTH110 - Path's own raises for a name that is too long
                yield path.resolve()

    def has(self, path: Path) -> bool:
        """Return whether a path is of the commit: no link that leads elsewhere, and nothing of git's own."""
        real = path.resolve()
        return real.is_relative_to(self._root) and GIT not in real.relative_to(self._root).parts

    def link_in(self, source: Path) -> str | None:
        """Return the name of a link in a folder, looked for once; None if it has none."""
        if source not in self._links:
            links = (path.name for path in walked(source) if self._is_link(path))
            self._links[source] = next(links, None)
        return self._links[source]

    def _is_link(self, path: Path) -> bool:
        self.limits.count("files looked at")
        return path.is_symlink()

    def _found(self, parts: tuple[str, ...]) -> Iterator[Path]:
        """Yield what the parts lead to; a pattern leads through no link, or two of them would lead to all folders."""
        last = max((number for number, part in enumerate(parts) if _is_pattern(part)), default=-1)
        waiting = [(self._root, 0)]
        while waiting:
            path, done = waiting.pop()
            if 0 < done < len(parts) and not _is_folder(path):
                continue
            if done > last:
                yield path.joinpath(*parts[done:])
            elif _is_pattern(parts[done]):
                waiting += [(path / name, done + 1) for name in self._matching(path, parts[done])]
            else:
                waiting.append((path / parts[done], done + 1))

    def _matching(self, folder: Path, pattern: str) -> list[str]:
        """Return the names in the folder that match, the last one first."""
        fits = re.compile(fnmatch.translate(pattern)).match
        names = []
        with os.scandir(folder) as entries:
            for entry in entries:
                self.limits.count("files looked at")
                if entry.name != GIT and fits(entry.name):
                    names.append(entry.name)
        return sorted(names, reverse=True)


def walked(source: Path) -> Iterator[Path]:
    """Yield a file, or a folder and all that is in it, sorted, without what is git's own."""
    waiting = [source]
    while waiting:
        yield (path := waiting.pop())
        if _is_folder(path):
            waiting += [path / name for name in sorted(os.listdir(path), reverse=True) if name != GIT]  # noqa: PTH208


def _is_pattern(part: str) -> bool:
    return bool(_PATTERN & set(part))


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path) and not path.is_symlink()  # noqa: PTH112 - as above
