"""The most that one commit may bring, counted before any of it is written: entries, depth and bytes.

A tree of a few kB can name itself many times in each of many levels ("git bomb"), so that the number of entries says
more than the size of what is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from odooops_dagster.errors import StepFailed
from odooops_dagster.wording import path_text, size_text

MB = 1_000_000
_SHOWN_OF_PATH = 200
# Memory that git needs beside a file's bytes, above all for the list of all objects of a large pack.
_OVERHEAD_MB = 512


class TooLarge(StepFailed):
    """The commit is larger than the platform accepts."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that one commit may bring, its submodules and its files in Git LFS included; sizes in MB."""

    entries: int = 200_000  # files, links and folders
    depth: int = 64
    file_mb: int = 512
    total_mb: int = 4096
    fetch_mb: int = 4096  # what one fetch may receive, packed

    def refuse_file(self, path: str, size: int) -> None:
        """Raise TooLarge if one file may not have this size."""
        if size > self.file_mb * MB:
            raise TooLarge(
                f"{_shown(path)} has {size_text(size)}, and one file may have {size_text(self.file_mb * MB)}",
                hint=_hint("repository_file_mb", "keep it elsewhere"),
            )

    def refuse_total(self, path: str, size: int) -> None:
        """Raise TooLarge if the files up to and with this one may not have this size together."""
        if size > self.total_mb * MB:
            raise TooLarge(
                f"the commit's files have more than {size_text(self.total_mb * MB)} together, up to {_shown(path)}",
                hint=_hint("repository_mb", "keep the large ones elsewhere"),
            )

    def of_objects(self) -> dict[str, str]:
        """Return git's variable for the largest piece of memory that it may take: a small delta may ask for GBs.

        Source: wrapper.c of git. Files above core.bigFileThreshold are read in pieces.
        """
        return {"GIT_ALLOC_LIMIT": str((self.file_mb + _OVERHEAD_MB) * MB)}


@dataclass(kw_only=True)
class Budget:
    """The files and bytes of a commit so far, its submodules included."""

    limits: Limits = field(default_factory=Limits)
    entries: int = 0
    size: int = 0

    def take(self, path: str, size: int) -> None:
        """Count an entry of the tree.

        Raises:
            TooLarge: with it, the commit is larger than a limit; the message names the path.
        """
        self.entries += 1
        self.size += size
        if self.entries > self.limits.entries:
            raise TooLarge(
                f"the commit has more than {self.limits.entries} files and folders, up to {_shown(path)}",
                hint=_hint("repository_entries", "take out what is generated"),
            )
        if path.count("/") >= self.limits.depth:
            raise TooLarge(
                f"folders are nested more than {self.limits.depth} deep at {_shown(path)}",
                hint=_hint("repository_depth", "nest them less deep"),
            )
        self.limits.refuse_file(path, size)
        self.limits.refuse_total(path, self.size)


def _shown(path: str) -> str:
    text = path_text(path)
    return text if len(text) <= _SHOWN_OF_PATH else f"{text[:_SHOWN_OF_PATH]}..."


def _hint(setting: str, action: str) -> str:
    return f"{action} and push again, or let the operator raise ODOOOPS_{setting.upper()}"
