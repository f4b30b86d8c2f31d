"""Finds or installs Odoo, once per series, completely or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from odooops_dagster.child_environment import GIT, NETWORK
from odooops_dagster.errors import BadInput, MissingDependency
from odooops_dagster.files import beneath, locked
from odooops_dagster.tools.odoo import debian, own_packages, python
from odooops_dagster.tools.odoo.commands import launcher
from odooops_dagster.tools.odoo.programs import ProgramFailed, Progress, run_program

_SERIES = re.compile(r"\d+\.0")
_MANIFEST = "installation.json"
# Files not compiled in advance, half of the source: a project uses few localizations, and tests of its own modules.
_SELDOM_RUN = r"/(tests|l10n_\w+)/"
# Paths of the program and of the folder with `odoo`: in a git clone, and in a package's root folder.
_LAYOUTS = (("odoo-bin", "."), ("usr/bin/odoo", "usr/lib/python3/dist-packages"))


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An installed Odoo, with the Python environment that contains its dependencies."""

    series: str
    revision: str
    origin: str  # folder, debian or git
    path: Path  # the folder with Odoo's files
    script: Path  # Odoo's program
    library: Path  # the folder that `import odoo` finds
    python: Path
    python_version: str
    addons_paths: tuple[Path, ...]

    @property
    def odoo_bin(self) -> tuple[str, ...]:
        """Return the argv prefix that runs Odoo."""
        return (str(self.python), str(launcher()))


def install(
    series: str,
    *,
    home: Path,
    odoo_path: Path | None = None,
    git_url: str = "https://github.com/odoo/odoo.git",
    progress: Progress = lambda _line: None,
) -> Installation:
    """Return the series' Odoo from the named folder, an earlier installation, the Debian package or a git clone.

    Raises:
        BadInput: the series is invalid, or the named folder contains another.
        MissingDependency: every way failed; the message has the reason for each.
        StepFailed: the Python packages cannot be installed.
    """
    _check_series(series)
    if odoo_path is not None:
        _check_release(_layout(odoo_path)[1], series)
    place = _place(series, home=home, odoo_path=odoo_path)
    if found := _load(place):
        return found
    place.parent.mkdir(parents=True, exist_ok=True)
    with only_one(place, waiting=lambda: progress(f"another installation of Odoo {series} is at work, waiting for it")):
        if found := _load(place):
            return found
        return _install_into(place, series=series, odoo_path=odoo_path, git_url=git_url, progress=progress)


def find(series: str, home: Path, *, odoo_path: Path | None = None) -> Installation | None:
    """Return the series' Odoo if it is installed and its Python still exists, else None."""
    _check_series(series)
    return _load(_place(series, home=home, odoo_path=odoo_path))


def installed(home: Path) -> list[Installation]:
    """Return every installed Odoo, sorted by series."""
    places = sorted(path.parent for path in (home / "odoo").glob(f"[!.]*/{_MANIFEST}"))
    return [found for found in map(_load, places) if found]


@contextmanager
def only_one(place: Path, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of a folder that is about to be created, across processes."""
    with locked(place.with_name(f".{place.name}.lock"), on_wait=waiting):
        yield


@contextmanager
def staging(place: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `place`, and remove it and the leftovers of killed runs.

    The caller must hold the lock of `place`.
    """
    _remove_partials(place)
    folder = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}.partial-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        # Remove all once more: a child of a killed run may have written while we removed its folder.
        _remove_partials(place)


def _remove_partials(place: Path) -> None:
    for partial in place.parent.glob(f".{place.name}.partial-*"):
        shutil.rmtree(partial, ignore_errors=True)


def _install_into(
    place: Path, *, series: str, odoo_path: Path | None, git_url: str, progress: Progress
) -> Installation:
    with staging(place) as folder:
        tree = _Tree(series=series, odoo_path=odoo_path, git_url=git_url, progress=progress)
        made = _build(folder, series=series, tree=tree, progress=progress)
        # Relative paths, so that the folder can be moved or mounted elsewhere; a named folder keeps its absolute path.
        manifest = json.dumps(made, default=lambda path: str(beneath(path, folder)), indent=1)
        (folder / _MANIFEST).write_text(manifest)
        _see_library(folder / "venv", made["library"], home=folder, series=series)
        python.point_scripts_at(folder / "venv", final=place / "venv")
        shutil.rmtree(place, ignore_errors=True)
        folder.rename(place)
    if (found := _load(place)) is None:
        raise MissingDependency(f"Odoo {series} was installed in {place} but cannot be found there")
    progress(f"Odoo {found.series} {found.revision} is installed in {place}")
    return found


def _build(folder: Path, *, series: str, tree: _Tree, progress: Progress) -> dict[str, Any]:
    """Fetch Odoo and its Python packages in parallel and return the manifest of the installation."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        environment = pool.submit(_make_environment, folder / "venv", series=series, progress=progress)
        root, revision, origin = tree.fetch(folder)
        script, library = _layout(root)
        _check_release(library, series)
        _compile(root, outside=origin == "folder")
        environment.result()
    if not own_packages.has_pins(series):
        asked = root / "requirements.txt"
        own_packages.install_asked(folder / "venv", asked, series=series, progress=progress)
    return {
        "series": series,
        "revision": revision,
        "origin": origin,
        "path": root,
        "script": script,
        "library": library,
        "python": folder / "venv" / "bin" / "python",
        "python_version": ".".join(map(str, sys.version_info[:3])),
        "addons_paths": [path for path in (root / "addons", library / "odoo" / "addons") if path.is_dir()],
    }


class _Tree:
    """The ways to get Odoo's files, tried in order."""

    def __init__(self, *, series: str, odoo_path: Path | None, git_url: str, progress: Progress) -> None:
        self._series = series
        self._odoo_path = odoo_path
        self._git_url = git_url
        self._progress = progress

    def fetch(self, folder: Path) -> tuple[Path, str, str]:
        """Return the root of Odoo's files, its revision and its origin."""
        if self._odoo_path:
            return self._odoo_path.resolve(), _folder_revision(self._odoo_path), "folder"
        refused: list[str] = []
        for way in (self._from_debian, self._from_git):
            try:
                return way(folder)
            except (MissingDependency, ProgramFailed, OSError) as exc:
                refused.append(str(exc))
                self._progress(f"not this way: {exc}")
        raise MissingDependency(
            f"Odoo {self._series} cannot be had: {'; '.join(refused)}",
            hint="name a folder that holds it with ODOOOPS_ODOO_PATH, or let this machine reach Debian's archive",
        )

    def _from_debian(self, folder: Path) -> tuple[Path, str, str]:
        work = folder / "apt"
        got = debian.unpack_odoo(self._series, into=folder / "root", work=work, progress=self._progress)
        shutil.rmtree(work)
        return got.root, got.version, "debian"

    def _from_git(self, folder: Path) -> tuple[Path, str, str]:
        self._progress(f"git: cloning branch {self._series} of Odoo, without its history")
        target = folder / "src"
        run_program(
            ["git", "clone", "--quiet", "--depth=1", f"--branch={self._series}", self._git_url, str(target)],
            inherits=(NETWORK, GIT),
            env={"GIT_TERMINAL_PROMPT": "0"},
        )
        return target, _folder_revision(target), "git"


def _make_environment(venv: Path, *, series: str, progress: Progress) -> None:
    python.make_venv(sys.executable, venv, with_pip=True)
    if own_packages.has_pins(series):
        own_packages.install_pins(venv, series=series, progress=progress)


def _see_library(venv: Path, library: Path, *, home: Path, series: str) -> None:
    """Make the environment import Odoo, and make pip regard Odoo as installed without dependencies.

    The metadata of a Debian package names its dependencies as the distribution does, not as PyPI does.
    """
    packages = python.site_packages(venv)
    (packages / "odoo.pth").write_text(f"{python.path_line(library, seen_from=packages, home=home)}\n")
    info = packages / f"odoo-{series}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: odoo\nVersion: {series}\n")
    (info / "INSTALLER").write_text("odooops\n")


def _compile(root: Path, *, outside: bool) -> None:
    """Compile Odoo's files once, so that no later start has to; do not touch a folder that is not ours."""
    if not outside:
        options = ["-q", "-j", str(os.cpu_count() or 1), "-x", _SELDOM_RUN]
        run_program([sys.executable, "-m", "compileall", *options, str(root)])


def _layout(root: Path) -> tuple[Path, Path]:
    for script, library in _LAYOUTS:
        if (root / script).is_file() and (root / library / "odoo").is_dir():
            return root / script, (root / library).resolve()
    raise BadInput(f"{root} holds no Odoo", hint="name the folder that holds odoo-bin, or a package's root folder")


def _check_series(series: str) -> None:
    if not _SERIES.fullmatch(series):
        raise BadInput(f"{series!r} is not an Odoo series", hint="write it as 19.0")


def _check_release(library: Path, series: str) -> None:
    found = re.search(r"^version_info = \((\d+), (\d+)", (library / "odoo" / "release.py").read_text(), re.MULTILINE)
    got = f"{found[1]}.{found[2]}" if found else "unknown"
    if got != series:
        raise BadInput(f"{library} holds Odoo {got}, not {series}", hint="name the folder of that series")


def _folder_revision(folder: Path) -> str:
    """Return the checked-out commit; add a digest of the files if they differ from it or there is no repository."""
    commit = ""
    if (folder / ".git").exists():
        git = ["git", "-C", str(folder)]
        commit = run_program([*git, "rev-parse", "--short=12", "HEAD"], inherits=(GIT,))[-1].strip()
        if not run_program([*git, "status", "--porcelain"], inherits=(GIT,)):
            return commit
    return f"{commit or 'folder'}-{_state_of_files(folder)}"


def _state_of_files(folder: Path) -> str:
    """Return a digest of every file's name, size and time, because reading all content would take too long."""
    total = hashlib.sha256()
    for place, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if name not in {".git", "__pycache__"})
        for name in sorted(names):
            state = Path(place, name).lstat()
            total.update(f"{place}/{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return total.hexdigest()[:12]


def _place(series: str, *, home: Path, odoo_path: Path | None) -> Path:
    if odoo_path is None:
        return home / "odoo" / series
    named = hashlib.sha256(str(odoo_path.resolve()).encode()).hexdigest()[:8]
    return home / "odoo" / f"{series}-{named}"


def _load(place: Path) -> Installation | None:
    """Return the installation in the folder, None if its files or its Python are gone."""
    try:
        values = json.loads((place / _MANIFEST).read_text())
    except FileNotFoundError:
        return None
    paths = {name: place / values[name] for name in ("path", "script", "library", "python")}
    addons_paths = tuple(place / path for path in values["addons_paths"])
    found = Installation(**{**values, **paths, "addons_paths": addons_paths})
    if not (found.python.exists() and found.script.exists()):
        return None
    # The owner may change a named folder; our own installations never change.
    return replace(found, revision=_folder_revision(found.path)) if found.origin == "folder" else found
