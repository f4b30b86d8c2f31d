"""Removes the sockets that state folders of the tests have outside of themselves, because their paths are long."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from odooops_dagster.home import substitute_folders

# A test's own folder is one below pytest's; its state folders are that one, or below it.
_DEPTH = 3


def forget_sockets(home: Path) -> None:
    """Remove the folders of the state folder's sockets below /tmp, whatever a test has left in them."""
    for folder in substitute_folders(home):
        shutil.rmtree(folder, ignore_errors=True)


def forget_sockets_below(folder: Path, *, depth: int = _DEPTH) -> None:
    """Do it for every folder that may have been a state folder: pytest's own, and those below it."""
    forget_sockets(folder)
    if not depth:
        return
    with suppress(OSError):  # a test has closed it, or removed it
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                forget_sockets_below(Path(entry.path), depth=depth - 1)
