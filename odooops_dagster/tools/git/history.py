"""Asks a repository which commits a branch or a tag contains, without their files and without a mirror."""

from __future__ import annotations

import tempfile
from pathlib import Path

from odooops_dagster.tools.git.command import git
from odooops_dagster.tools.git.fetching import fetch
from odooops_dagster.tools.git.limits import Limits
from odooops_dagster.tools.git.remote import Remote

HISTORY_TIMEOUT_SECONDS = 300
_TIP = "refs/tip"


def commits_of(remote: Remote, ref: str, *, limits: Limits) -> frozenset[str]:
    """Return every commit that the branch or tag contains; only commits are fetched, where the server can filter."""
    return frozenset(_listed(remote, ref, "rev-list", _TIP, limits=limits).split())


def _listed(remote: Remote, ref: str, *arguments: str, limits: Limits) -> str:
    """Return what git answers in a folder that has the branch's commits as refs/tip."""
    with tempfile.TemporaryDirectory(prefix="odooops-history-") as folder:
        git("init", "--bare", "--quiet", "--template=", folder, timeout=HISTORY_TIMEOUT_SECONDS)
        fetch(
            remote,
            *("--filter=tree:0", f"+{ref}:{_TIP}"),
            git_dir=Path(folder),
            limits=limits,
            timeout=HISTORY_TIMEOUT_SECONDS,
        )
        return git(f"--git-dir={folder}", *arguments, timeout=HISTORY_TIMEOUT_SECONDS).decode()
