"""A project's own Python packages on top of Odoo's: one environment per content of its requirements files."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.tools.odoo import python
from odooops_dagster.tools.odoo.distribution import Installation, only_one, staging
from odooops_dagster.tools.odoo.programs import Progress
from odooops_dagster.tools.odoo.requirements import asks_for_something, fingerprint

_MANIFEST = "environment.json"
# Where wheels of OCA addons put their modules.
_ADDONS = Path("odoo") / "addons"


@dataclass(frozen=True, kw_only=True)
class PythonEnvironment:
    """A Python that sees Odoo, what Odoo needs, and what the project needs."""

    python: Path
    digest: str  # over every package and version in it
    addons_paths: tuple[Path, ...]  # of Odoo modules that came as packages


def overlay(
    installation: Installation,
    *,
    requirements: Sequence[Path],
    home: Path,
    progress: Progress = lambda _line: None,
) -> PythonEnvironment:
    """Return the environment with the requirements installed; with none, Odoo's own.

    Raises:
        StepFailed: a requirement cannot be resolved or built; the message is pip's reason.
        MissingDependency: no virtual environment can be made.
    """
    if not any(map(asks_for_something, requirements)):
        return _base(installation, home=home)
    place = home / "venvs" / _key(installation, requirements)
    if found := _load(place):
        return found
    place.parent.mkdir(parents=True, exist_ok=True)
    with only_one(place, waiting=lambda: progress("the same requirements are being installed, waiting for them")):
        return _load(place) or _make(place, installation, requirements, home=home, progress=progress)


def _make(
    place: Path, installation: Installation, requirements: Sequence[Path], *, home: Path, progress: Progress
) -> PythonEnvironment:
    with staging(place) as folder:
        venv = folder / "venv"
        python.make_venv(installation.python, venv, with_pip=False)
        packages = python.site_packages(venv)
        base = python.site_packages(installation.python.parent.parent)
        # Ours first: what the project asks for in another version covers Odoo's without touching it.
        lines = [python.path_line(path, seen_from=packages, home=home) for path in (base, installation.library)]
        (packages / "odooops.pth").write_text("".join(f"{line}\n" for line in lines))
        interpreter = venv / "bin" / "python"
        # There is an Odoo already; no package of that name from an index may take its place.
        constraint = folder / "constraint.txt"
        constraint.write_text(f"odoo=={installation.series}\n")
        arguments = ["--constraint", str(constraint)]
        arguments += [part for file in requirements for part in ("--requirement", str(file))]
        python.pip_install(interpreter, arguments, what="requirements", progress=progress)
        _write_manifest(folder, interpreter)
        python.point_scripts_at(venv, final=place / "venv")
        shutil.rmtree(place, ignore_errors=True)
        folder.rename(place)
    return _read(place)


def _base(installation: Installation, *, home: Path) -> PythonEnvironment:
    """Return Odoo's own environment, its packages counted once."""
    key = hashlib.sha256(f"{installation.path}\0{installation.revision}\0{installation.python}".encode()).hexdigest()
    place = home / "venvs" / f"base-{key[:16]}"
    manifest = place / _MANIFEST
    if not manifest.is_file():
        place.mkdir(parents=True, exist_ok=True)
        _write_manifest(place, installation.python)
    digest = json.loads(manifest.read_text())["digest"]
    return PythonEnvironment(python=installation.python, digest=digest, addons_paths=())


def _write_manifest(folder: Path, interpreter: Path) -> None:
    packages = sorted(python.pip_freeze(interpreter))
    digest = "sha256:" + hashlib.sha256("\n".join(packages).encode()).hexdigest()
    draft = folder / f"{_MANIFEST}.draft"
    draft.write_text(json.dumps({"digest": digest, "packages": packages}, indent=1))
    draft.replace(folder / _MANIFEST)


def _load(place: Path) -> PythonEnvironment | None:
    return _read(place) if (place / _MANIFEST).is_file() and (place / "venv" / "bin" / "python").exists() else None


def _read(place: Path) -> PythonEnvironment:
    addons = python.site_packages(place / "venv") / _ADDONS
    return PythonEnvironment(
        python=place / "venv" / "bin" / "python",
        digest=json.loads((place / _MANIFEST).read_text())["digest"],
        addons_paths=(addons,) if addons.is_dir() else (),
    )


def _key(installation: Installation, requirements: Sequence[Path]) -> str:
    """Return the name of the environment: what is asked for, on top of which Odoo and Python."""
    parts = [str(installation.path), installation.revision, installation.python_version, *fingerprint(requirements)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]
