"""The repositories that a checked-out commit declares in its odooops.yaml, as folders of it."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.tools import git
from odooops_dagster.tools.project_file import read_project_file


def declared_in(root: Path) -> tuple[git.Submodule, ...]:
    """Return what the file at the root of the commit declares; nothing if it has faults, which are told later.

    They come from the commit's own file alone: a checkout is kept by its commit.
    """
    return tuple(
        git.Submodule(
            path=folder,
            url=other.url,
            sha=other.commit,
            ref=f"refs/heads/{other.branch}" if other.branch else None,
            is_declared=True,
        )
        for folder, other in read_project_file(root).settings.repositories.items()
    )
