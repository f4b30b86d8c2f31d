"""Refuses a checkout with a link that leads out of it: who opens the link would read a file of somebody else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from odooops_dagster.errors import StepFailed
from odooops_dagster.wording import path_text


def refuse_leaving_links(root: Path) -> None:
    """Refuse a checkout with a link that leads out of the folder; a link to nothing inside of it may stay.

    The whole checkout is asked, submodules included, because one link may lead through another.

    Raises:
        StepFailed: the message names the link and its target.
    """
    # Bytes: a link's name and target may have any encoding.
    top = os.path.realpath(os.fsencode(root))
    for link in _links(os.fsencode(root)):
        target = os.readlink(link)  # noqa: PTH115 - a path of bytes
        if os.path.isabs(target) or not _is_below(os.path.realpath(link), top):  # noqa: PTH117 - the same
            name, place = (path_text(os.fsdecode(path)) for path in (os.path.relpath(link, os.fsencode(root)), target))
            raise StepFailed(
                f"{name} is a link to {place[:200]}, which is not in the repository",
                hint="replace the link by the file itself, or by a relative link inside of the repository",
            )


def _links(root: bytes) -> Iterator[bytes]:
    folders = [root]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield entry.path
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


def _is_below(path: bytes, top: bytes) -> bool:
    return path == top or path.startswith(top + b"/")
