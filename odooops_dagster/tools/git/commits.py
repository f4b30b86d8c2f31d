"""Looks at a commit in the mirror: its author, and the commits of its submodules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from odooops_dagster.tools.git.cache import Cache
from odooops_dagster.tools.git.remote import Remote


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
