"""Removes the sockets that state folders of the tests have outside of themselves, because their paths are long."""

from __future__ import annotations

import shutil
from pathlib import Path

from odooops_dagster.home import substitute_folders


def forget_sockets(home: Path) -> None:
    """Remove the folders of the state folder's sockets below /tmp, whatever a test has left in them."""
    for folder in substitute_folders(home):
        shutil.rmtree(folder, ignore_errors=True)
