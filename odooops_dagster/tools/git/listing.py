"""Looks at the names of a commit's files without a checkout and without a mirror."""

from __future__ import annotations

import tempfile

from odooops_dagster.tools.git.command import git
from odooops_dagster.tools.git.remote import Remote

# A look at names comes before a decision that has a safe answer without it.
LOOK_TIMEOUT_SECONDS = 20
_SUBMODULE = b"160000 "


def holds_file(url: str, sha: str, name: str) -> bool:
    """Return whether the commit has a file of this name in any folder, or a submodule, which may have one.

    Only names are fetched, where the server can filter.

    Raises:
        StepFailed: the repository or the commit cannot be fetched.
        Unavailable: the server does not answer soon.
    """
    remote = Remote.parse(url)
    with tempfile.TemporaryDirectory(prefix="odooops-look-") as folder:
        git("init", "--bare", "--quiet", "--template=", folder, timeout=LOOK_TIMEOUT_SECONDS)
        here = f"--git-dir={folder}"
        quiet = ("--quiet", "--no-tags", "--no-recurse-submodules", "--depth=1", "--filter=blob:none")
        argv = ("fetch", *quiet, *remote.options(), "--", remote.url, sha)
        git(here, *argv, remote=remote, timeout=LOOK_TIMEOUT_SECONDS)
        entries = git(here, "ls-tree", "-r", "-z", sha, timeout=LOOK_TIMEOUT_SECONDS).split(b"\0")
    return any(
        entry.startswith(_SUBMODULE) or entry.partition(b"\t")[2].rpartition(b"/")[2] == name.encode()
        for entry in entries
    )
