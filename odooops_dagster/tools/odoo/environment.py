"""Installs a project's Python packages on top of Odoo's: one environment per content of its requirements files."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odooops_dagster.home import python_environments
from odooops_dagster.model import Sandbox
from odooops_dagster.tools.odoo import python
from odooops_dagster.tools.odoo.distribution import Installation, only_one, staging
from odooops_dagster.tools.odoo.programs import Progress
from odooops_dagster.tools.odoo.requirement_paths import with_absolute_paths
from odooops_dagster.tools.odoo.requirement_rules import refuse_strange_requirements
from odooops_dagster.tools.odoo.requirements import asks_for_something, fingerprint
from odooops_dagster.tools.runtime.sandbox.accounts import take_back

_MANIFEST = "environment.json"
# Files in the folder of an environment while it is made.
VENV, HOME, CONSTRAINT, REQUIREMENTS = "venv", "home", "constraint.txt", "requirements"
# The folder in which wheels of OCA addons install their modules.
_ADDONS = Path("odoo") / "addons"
# The key of the manifest with the state of Odoo's own environment, which an environment is built on.
_BELOW = "below"
# Endings of the files that pip writes beside those of the package.
_OF_INSTALLATION = (".pyc", *(f".dist-info/{name}" for name in ("direct_url.json", "INSTALLER", "RECORD", "REQUESTED")))


# Returns the sandbox of pip for the folder of a new environment.
Confine = Callable[[Path], Sandbox]


@dataclass(frozen=True, kw_only=True)
class PythonEnvironment:
    """A Python environment with Odoo, its dependencies and the project's packages."""

    python: Path
    digest: str  # of the names and versions of all packages, and of the files of the project's own
    addons_paths: tuple[Path, ...]  # Odoo modules that were installed as packages
    packages: tuple[str, ...] = ()  # name==version of each


def overlay(
    installation: Installation,
    *,
    requirements: Sequence[Path],
    packages: Sequence[str] = (),
    home: Path,
    root: Path | None = None,
    confine: Confine | None = None,
    progress: Progress = lambda _line: None,
) -> PythonEnvironment:
    """Return an environment with the requirements installed; without requirements, Odoo's own environment.

    Args:
        installation: the Odoo that the packages are added to.
        requirements: the requirements files.
        packages: packages to install with them, by their names and versions alone.
        home: the folder of installations and environments.
        root: the folder of the commit, outside of which no line may name a path. None for any folder.
        confine: returns pip's sandbox for the folder of a new environment; VENV, HOME, REQUIREMENTS may be written.
        progress: called with a line of progress.

    Raises:
        BadInput: a package left a link that leads out of its environment.
        StepFailed: a requirement cannot be resolved or built, with pip's reason, or a line says what no commit may.
        MissingDependency: no virtual environment can be created.
    """
    if root is not None:
        refuse_strange_requirements(requirements, root=root)
    if not packages and not any(map(asks_for_something, requirements)):
        return _base(installation, home=home)
    place = python_environments(home) / _key(installation, requirements, packages, root)
    if found := _load(place, installation):
        return found
    place.parent.mkdir(parents=True, exist_ok=True)
    with only_one(place, waiting=lambda: progress("the same requirements are being installed, waiting for them")):
        found = _load(place, installation)
        return found or _make(
            place, installation, requirements, asked=packages, root=root, home=home, confine=confine, progress=progress
        )


def _make(
    place: Path,
    installation: Installation,
    requirements: Sequence[Path],
    *,
    asked: Sequence[str],
    root: Path | None,
    home: Path,
    confine: Confine | None,
    progress: Progress,
) -> PythonEnvironment:
    with staging(place) as folder:
        venv = folder / VENV
        python.make_venv(installation.python, venv, with_pip=False)
        packages = python.site_packages(venv)
        base = python.site_packages(installation.python.parent.parent)
        # The overlay comes first: another version in the project's requirements hides Odoo's without changing it.
        lines = [python.path_line(path, seen_from=packages, home=home) for path in (base, installation.library)]
        (packages / "odooops.pth").write_text("".join(f"{line}\n" for line in lines))
        interpreter = venv / "bin" / "python"
        # Odoo is installed already; no package of that name from an index may replace it.
        constraint = folder / CONSTRAINT
        constraint.write_text(f"odoo=={installation.series}\n")
        arguments = ["--constraint", str(constraint)]
        files = with_absolute_paths(requirements, root=root, into=folder / REQUIREMENTS)
        arguments += [part for file in files for part in ("--requirement", str(file))]
        arguments += asked
        sandbox = confine(folder) if confine is not None else None
        python.pip_install(interpreter, arguments, what="requirements", progress=progress, sandbox=sandbox)
        installed = python.pip_freeze(interpreter, sandbox=sandbox)
        if sandbox is not None:
            take_back(venv, sandbox.uid)
            shutil.rmtree(folder / HOME, ignore_errors=True)
        shutil.rmtree(folder / REQUIREMENTS)
        _write_manifest(folder, installed, installation)
        python.point_scripts_at(venv, final=place / "venv")
        shutil.rmtree(place, ignore_errors=True)
        folder.rename(place)
    return _read(place)


def _base(installation: Installation, *, home: Path) -> PythonEnvironment:
    """Return Odoo's own environment; its digest is computed once and cached."""
    key = hashlib.sha256(f"{installation.path}\0{installation.revision}\0{installation.python}".encode()).hexdigest()
    place = python_environments(home) / f"base-{key[:16]}"
    if not _is_of(place, installation):
        place.mkdir(parents=True, exist_ok=True)
        _write_manifest(place, python.pip_freeze(installation.python), installation)
    manifest = json.loads((place / _MANIFEST).read_text())
    return PythonEnvironment(
        python=installation.python, digest=manifest["digest"], addons_paths=(), packages=_versions(manifest)
    )


def _write_manifest(folder: Path, installed: Sequence[str], installation: Installation) -> None:
    contents = _contents(python.site_packages(folder / "venv"))
    packages = sorted([*installed, *contents, f"python {installation.python_version}"])
    digest = "sha256:" + hashlib.sha256("\n".join(packages).encode()).hexdigest()
    draft = folder / f"{_MANIFEST}.draft"
    draft.write_text(json.dumps({"digest": digest, "packages": packages, _BELOW: _state_of(installation)}, indent=1))
    draft.replace(folder / _MANIFEST)


def _is_of(place: Path, installation: Installation) -> bool:
    """Return whether the folder has a manifest that was written for this Odoo's packages as they are now.

    They change when the same Odoo is installed again; a manifest of an earlier version does not tell.
    """
    try:
        manifest = json.loads((place / _MANIFEST).read_text())
    except FileNotFoundError:
        return False
    state = _state_of(installation)
    return bool(manifest.get(_BELOW, state) == state)


def _state_of(installation: Installation) -> str:
    """Return a digest of the Python version and of the packages of Odoo's own environment."""
    packages = python.site_packages(installation.python.parent.parent).glob("*.dist-info")
    names = [installation.python_version, *sorted(path.name for path in packages)]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _contents(packages: Path) -> Iterator[str]:
    """Yield the digest of each installed package's files: a version does not always tell what is in it.

    Source: packaging.python.org, "Recording installed projects".
    """
    for record in packages.glob("*.dist-info/RECORD"):
        total = hashlib.sha256()
        for name, *_ in sorted(csv.reader(record.read_text().splitlines())):
            # A script's first line has the environment's folder; the rest is made by the installation.
            if not name.startswith(("..", "/")) and not name.endswith(_OF_INSTALLATION) and (packages / name).is_file():
                total.update(f"{name}\0{hashlib.sha256((packages / name).read_bytes()).hexdigest()}\n".encode())
        yield f"{record.parent.name} {total.hexdigest()}"


def _load(place: Path, installation: Installation) -> PythonEnvironment | None:
    is_whole = _is_of(place, installation) and (place / "venv" / "bin" / "python").exists()
    return _read(place) if is_whole else None


def _read(place: Path) -> PythonEnvironment:
    addons = python.site_packages(place / "venv") / _ADDONS
    manifest = json.loads((place / _MANIFEST).read_text())
    return PythonEnvironment(
        python=place / "venv" / "bin" / "python",
        digest=manifest["digest"],
        addons_paths=(addons,) if addons.is_dir() else (),
        packages=_versions(manifest),
    )


def _versions(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the packages with their versions; the manifest has digests of their files besides."""
    return tuple(line for line in manifest["packages"] if "==" in line)


def _key(installation: Installation, requirements: Sequence[Path], packages: Sequence[str], root: Path | None) -> str:
    """Return the environment's key, a hash of the requirements, the Odoo and the Python version."""
    asked = [*fingerprint(requirements, within=root), *packages]
    parts = [str(installation.path), installation.revision, installation.python_version, *asked]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]
