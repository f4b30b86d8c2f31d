"""Finds the files that Odoo's own manifests name and this Odoo lacks, and supplies those that may be empty.

Debian's package leaves out files whose source it does not have. Odoo logs an error whenever it builds a bundle that
names one, in every database and with anybody's modules (odoo/addons/base/models/assetsbundle.py).
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.odoo.named_files import asset_paths, data_files

_EMPTY = "// A manifest of Odoo names this file, but this Odoo came without it: OdooOps put an empty one here.\n"


def missing_files(addons_paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the missing files, each as a path that begins with its module, sorted."""
    return tuple(
        sorted({file for path in addons_paths for addon in _addons(path) for file in _missing(addon, addons_paths)})
    )


def supply(files: Sequence[str], addons_paths: Sequence[Path]) -> tuple[str, ...]:
    """Create the missing scripts as empty files and return their paths; no other kind of file may be empty."""
    supplied = []
    for file in files:
        addon = modules.find(file.partition("/")[0], addons_paths)
        if file.endswith(".js") and addon is not None:
            path = addon.parent / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_EMPTY)
            supplied.append(file)
    return tuple(supplied)


def _addons(addons_path: Path) -> Iterator[Path]:
    """Yield the modules; those that test Odoo name missing files on purpose."""
    return (file.parent for file in addons_path.glob("*/__manifest__.py") if not file.parent.name.startswith("test_"))


def _missing(addon: Path, addons_paths: Sequence[Path]) -> Iterator[str]:
    try:
        manifest = modules.read_manifest(addon)
    except StepFailed:
        return
    if manifest.get("installable", True):
        yield from (f"{addon.name}/{file}" for file in data_files(manifest) if not (addon / file).is_file())
        yield from (file for file in _assets(manifest) if _is_missing(file, addons_paths))


def _assets(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield the single files in the bundles; a pattern that matches nothing is no fault."""
    return (path for path in asset_paths(manifest) if not glob.has_magic(path))


def _is_missing(file: str, addons_paths: Sequence[Path]) -> bool:
    """Return whether no module has the file, and the module of its path does not make it at run time."""
    addon = modules.find(file.partition("/")[0], addons_paths)
    return addon is not None and not (addon.parent / file).exists() and not _is_made(file, addon)


def _is_made(file: str, addon: Path) -> bool:
    """Return whether the module names the file as the address of an attachment."""
    texts = (path for ending in ("*.xml", "*.py") for path in addon.rglob(ending) if path.name != "__manifest__.py")
    return any(f"/{file}" in path.read_text(errors="replace") for path in texts)
