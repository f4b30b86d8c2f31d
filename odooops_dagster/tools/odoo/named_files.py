"""Reads which files a module's manifest names: its data and its assets."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from odooops_dagster.tools.odoo import modules

# Source: ASSET_EXTENSIONS in odoo/tools/constants.py; Odoo ignores a path with another ending.
_ASSET_ENDINGS = frozenset({".js", ".css", ".scss", ".sass", ".less", ".xml"})
# Source: ir_asset.py, `_process_command`; a bundle is no file, and a file that is removed need not exist.
_WITH_TARGET = frozenset({"after", "before", "replace"})
_WITHOUT_FILE = frozenset({"include", "remove"})
_DATA_KEYS = ("data", "demo")


def data_files(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield the data files, as paths below the module."""
    return (file for key in _DATA_KEYS for file in manifest.get(key) or ())


def asset_paths(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files and patterns in the bundles, each as a path that begins with its module."""
    commands = (command for bundle in (manifest.get("assets") or {}).values() for command in bundle)
    for command in commands:
        directive, *named = ("append", command) if isinstance(command, str) else command
        if directive in _WITHOUT_FILE:
            continue
        for path in named[: 2 if directive in _WITH_TARGET else 1]:
            if "://" not in path and Path(path).suffix in _ASSET_ENDINGS:
                yield path.lstrip("/")


def named_files(addon: Path) -> frozenset[Path]:
    """Return the files that the module's manifest names, as far as they are in the module's addons path."""
    manifest = modules.read_manifest(addon)
    assets = (addon.parent / path for name in asset_paths(manifest) for path in _matching(name, addon.parent))
    return frozenset(addon / file for file in data_files(manifest)) | frozenset(assets)


def _matching(pattern: str, folder: Path) -> list[str]:
    return glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - Path.glob refuses some patterns
