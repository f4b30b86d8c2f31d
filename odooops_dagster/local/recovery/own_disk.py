"""Says whether the backups of the platform are lost together with the disk of its state folder."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.home import store_folder
from odooops_dagster.settings import Settings
from odooops_dagster.tools.store import folder_of


def folder_on_own_disk(settings: Settings) -> Path | None:
    """Return the folder of the store of platform backups if it is on the state folder's file system, else None."""
    folder = folder_of(settings.platform_store_url or settings.store_url, default=store_folder(settings.home))
    if folder is None:
        return None
    return folder if _device(folder) == _device(settings.home) else None


def _device(path: Path) -> int:
    """Return the file system of the path, or of the nearest folder above it that exists."""
    there = next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
    return there.stat().st_dev
