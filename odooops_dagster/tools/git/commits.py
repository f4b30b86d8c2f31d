"""Looks at a commit in the mirror: its author, and the commits of its submodules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.tools.git.cache import Cache, mirror_of
from odooops_dagster.tools.git.command import git
from odooops_dagster.tools.git.remote import Remote

_LOOK_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class CommitText:
    """The parts of a commit that people read: its subject and the name of its author."""

    subject: str
    author: str

    def __str__(self) -> str:
        return f"{self.subject} ({self.author})"


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit: the e-mail address of its author, and the commit of each submodule by its path."""

    author: str
    submodules: Mapping[str, str] = field(default_factory=dict)


def read_commit(url: str, sha: str, *, home: Path, key: Path | None = None) -> Commit:
    """Return the commit, from the mirror if it is there already.

    Raises:
        StepFailed: the repository or the commit cannot be fetched, or a submodule has no address.
    """
    with Cache.locked(Remote.parse(url, key=key), home=home) as cache:
        cache.fetch_commit(sha)
        return Commit(author=cache.author(sha), submodules={part.path: part.sha for part in cache.submodules(sha)})


def known_commit(url: str, sha: str, *, home: Path) -> CommitText | None:
    """Return the commit as the mirror knows it; None if it does not. Fetches nothing and waits for nobody."""
    told = _known(url, "log", "-1", "--format=%s%x00%an", "--end-of-options", f"{sha}^{{commit}}", home=home)
    if told is None:
        return None
    subject, _, author = told.strip().partition("\0")
    return CommitText(subject=subject, author=author)


def known_distance(url: str, sha: str, newer: str, *, home: Path) -> int | None:
    """Return how many commits the newer one has that the other has not; None if the mirror does not know both."""
    told = _known(url, "rev-list", "--count", "--end-of-options", f"{sha}..{newer}", home=home)
    return int(told) if told is not None else None


def _known(url: str, *argv: str, home: Path) -> str | None:
    """Return what git answers in the repository's mirror; None if it cannot."""
    folder = mirror_of(Remote.parse(url), home=home)
    try:
        answer = git("-c", "safe.directory=*", f"--git-dir={folder}", *argv, timeout=_LOOK_SECONDS)
    except (OdooOpsError, OSError):
        return None
    return answer.decode(errors="replace")
