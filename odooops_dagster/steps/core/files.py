"""Trees of files that share their bytes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def link_tree(source: Path, target: Path) -> None:
    """Make `target` hold the same files as `source` by hard links; a missing source gives an empty folder.

    Odoo's filestore writes a file once and never changes it, so sharing the bytes is safe.
    """
    shutil.rmtree(target, ignore_errors=True)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=link_or_copy)
    else:
        target.mkdir(parents=True)


def link_or_copy(source: str, target: str) -> None:
    """Hard-link the file, or copy it if the file system cannot link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
