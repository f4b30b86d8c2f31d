"""Reads branches and commits of git repositories, with submodules, without running any of their code."""

from __future__ import annotations

import re
from pathlib import Path

from odooops_dagster.errors import BadInput, NotFound, OdooOpsError
from odooops_dagster.tools.git.cache import Cache, Submodule
from odooops_dagster.tools.git.checkout import checkout, nothing_declared, require_on
from odooops_dagster.tools.git.command import git
from odooops_dagster.tools.git.commits import Commit, CommitText, known_commit, known_distance, read_commit
from odooops_dagster.tools.git.large_files import fetch_large_files
from odooops_dagster.tools.git.limits import Limits, TooLarge
from odooops_dagster.tools.git.links import refuse_leaving_links
from odooops_dagster.tools.git.listing import holds_file
from odooops_dagster.tools.git.pointers import Pointer, pointers
from odooops_dagster.tools.git.remote import Remote, is_ref, submodule_url
from odooops_dagster.tools.git.submodule_rules import SubmoduleRules
from odooops_dagster.tools.git.submodules import submodule_folders

__all__ = [
    "Commit",
    "CommitText",
    "Limits",
    "Pointer",
    "Remote",
    "Submodule",
    "SubmoduleRules",
    "TooLarge",
    "checkout",
    "default_branch",
    "fetch_large_files",
    "file_at",
    "head_of",
    "holds_file",
    "is_ref",
    "known_commit",
    "known_distance",
    "ls_remote",
    "mirror",
    "nothing_declared",
    "pointers",
    "read_commit",
    "refuse_leaving_links",
    "require_on",
    "submodule_folders",
    "submodule_url",
]

LIST_TIMEOUT_SECONDS = 30

# A commit of the object format that our mirrors do not hold.
_SHA256_LINE = re.compile(r"^[0-9a-f]{64}\t", re.MULTILINE)
_HEAD_LINE = re.compile(r"^(?P<sha>[0-9a-f]{40})\trefs/heads/(?P<branch>.+)$")
_SYMREF_LINE = re.compile(r"^ref: refs/heads/(?P<branch>.+)\tHEAD$", re.MULTILINE)


def ls_remote(url: str, *, key: Path | None = None) -> dict[str, str]:
    """Return the commit of each branch of the repository; empty only if it has no branches.

    Raises:
        BadInput: the repository is of another object format.
    """
    listed = _list(url, "--heads", key=key)
    if _SHA256_LINE.search(listed):
        raise BadInput(
            f"{Remote.parse(url).url} is in git's SHA-256 format, which is not supported",
            hint="push the history to a repository of the SHA-1 format: git init --object-format=sha1",
        )
    lines = listed.splitlines()
    return {match["branch"]: match["sha"] for match in map(_HEAD_LINE.match, lines) if match}


def head_of(url: str, branch: str, *, key: Path | None = None) -> str:
    """Return the commit that the branch points to."""
    heads = ls_remote(url, key=key)
    if branch not in heads:
        known = ", ".join(sorted(heads)[:10]) or "none yet"
        raise NotFound(f"{Remote.parse(url).url} has no branch {branch}", hint=f"its branches: {known}")
    return heads[branch]


def default_branch(url: str, *, key: Path | None = None) -> str | None:
    """Return the branch that the repository's HEAD names, None if it names none."""
    match = _SYMREF_LINE.search(_list(url, "--symref", key=key, patterns=("HEAD",)))
    return match["branch"] if match else None


def file_at(folder: Path, revision: str, name: str) -> bytes | None:
    """Return a file of a revision of the repository in the folder, None if the revision does not have it.

    Raises:
        NotFound: the folder is in no repository, or the repository has no such revision.
    """
    commit = f"{revision}^{{commit}}"
    try:
        sha = _in_folder(folder, "rev-parse", "--verify", "--end-of-options", commit).decode().strip()
    except OdooOpsError as exc:
        raise NotFound(f"{folder.absolute()} has no revision {revision}", hint="git branch --all") from exc
    # From the root of the tree, wherever in it the folder is.
    listed = _in_folder(folder, "ls-tree", "--full-tree", sha, "--", name)
    return _in_folder(folder, "cat-file", "blob", listed.split()[2].decode()) if listed else None


def mirror(url: str, home: Path) -> Path:
    """Fetch every branch into the repository's bare mirror and return its folder."""
    with Cache.locked(Remote.parse(url), home=home) as cache:
        cache.fetch_branches()
        return cache.path


def _in_folder(folder: Path, *arguments: str) -> bytes:
    return git("-c", "safe.directory=*", *arguments, cwd=folder, timeout=LIST_TIMEOUT_SECONDS)


def _list(url: str, option: str, *, key: Path | None, patterns: tuple[str, ...] = ()) -> str:
    remote = Remote.parse(url, key=key)
    argv = ("ls-remote", option, *remote.options(), "--", remote.url, *patterns)
    return git(*argv, remote=remote, timeout=LIST_TIMEOUT_SECONDS).decode(errors="replace")
