"""Looks at the names of a commit's files without a checkout and without a mirror."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from odooops_dagster.tools.git.command import git, git_records
from odooops_dagster.tools.git.fetching import fetch
from odooops_dagster.tools.git.limits import Limits
from odooops_dagster.tools.git.remote import Remote

# A look at names comes before a decision that has a safe answer without it.
LOOK_TIMEOUT_SECONDS = 20
_SUBMODULE = b"160000 "


def holds_file(url: str, sha: str, name: str, *, key: Path | None = None, limits: Limits | None = None) -> bool:
    """Return whether the commit has a file of this name in any folder, or a submodule, which may have one.

    Only names are fetched, where the server can filter.

    Raises:
        StepFailed: the repository or the commit cannot be fetched.
        Unavailable: the server does not answer soon.
    """
    remote = Remote.parse(url, key=key)
    with tempfile.TemporaryDirectory(prefix="odooops-look-") as folder:
        git("init", "--bare", "--quiet", "--template=", folder, timeout=LOOK_TIMEOUT_SECONDS)
        fetch(
            remote,
            *("--depth=1", "--filter=blob:none", sha),
            git_dir=Path(folder),
            limits=limits or Limits(),
            timeout=LOOK_TIMEOUT_SECONDS,
        )
        argv = (f"--git-dir={folder}", "ls-tree", "-r", "-z", sha)
        with closing(git_records(*argv, timeout=LOOK_TIMEOUT_SECONDS)) as entries:
            return any(
                entry.startswith(_SUBMODULE) or entry.partition(b"\t")[2].rpartition(b"/")[2] == name.encode()
                for entry in entries
            )
