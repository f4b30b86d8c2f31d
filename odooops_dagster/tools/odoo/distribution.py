"""Odoo itself: found or installed once per series, whole or not at all."""

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

from odooops_dagster.errors import BadInput, MissingDependency
from odooops_dagster.files import beneath, locked
from odooops_dagster.tools.odoo import debian, own_packages, python
from odooops_dagster.tools.odoo.commands import launcher
from odooops_dagster.tools.odoo.programs import ProgramFailed, Progress, run_program

_SERIES = re.compile(r"\d+\.0")
_MANIFEST = "installation.json"
# Half of the source text: a project loads the accounts of a country or two, and the tests of its own modules.
_SELDOM_RUN = r"/(tests|l10n_\w+)/"
# Where a tree keeps the program and the library that holds `odoo`: a git clone, or a package's root folder.
_LAYOUTS = (("odoo-bin", "."), ("usr/bin/odoo", "usr/lib/python3/dist-packages"))


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An Odoo that can be run, with the Python environment that holds what it needs."""

    series: str
    revision: str
    origin: str  # folder, debian or git
    path: Path  # the folder that holds Odoo's own files
    script: Path  # Odoo's program
    library: Path  # the folder from which `import odoo` is answered
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
    """Return the series' Odoo: the named folder, the installed one, the Debian package, or a git clone.

    Raises:
        BadInput: the series is not one, or the named folder holds another.
        MissingDependency: none of the ways works; the message says why for each.
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
    """Return the series' Odoo if it is installed and its Python is still there."""
    _check_series(series)
    return _load(_place(series, home=home, odoo_path=odoo_path))


def installed(home: Path) -> list[Installation]:
    """Return every installed Odoo, sorted by series."""
    places = sorted(path.parent for path in (home / "odoo").glob(f"[!.]*/{_MANIFEST}"))
    return [found for found in map(_load, places) if found]


@contextmanager
def only_one(place: Path, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of a folder that is about to be made, across processes."""
    with locked(place.with_name(f".{place.name}.lock"), on_wait=waiting):
        yield


@contextmanager
def staging(place: Path) -> Iterator[Path]:
    """Give a folder beside `place` to build in, and remove it and what killed runs left there.

    Call with the lock of `place` held.
    """
    _remove_partials(place)
    folder = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}.partial-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        # Once more for all: a killed run's last child may have written on while we removed its folder.
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
        # By where it lies, so that the folder can be moved or mounted elsewhere; a named folder is where it is.
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
    """Fetch Odoo and its Python packages at the same time and describe what came of it."""
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
    """The ways to have Odoo's own files, tried in order."""

    def __init__(self, *, series: str, odoo_path: Path | None, git_url: str, progress: Progress) -> None:
        self._series = series
        self._odoo_path = odoo_path
        self._git_url = git_url
        self._progress = progress

    def fetch(self, folder: Path) -> tuple[Path, str, str]:
        """Return the root of Odoo's files, its revision and how it was had."""
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
            env={"GIT_TERMINAL_PROMPT": "0"},
        )
        return target, _folder_revision(target), "git"


def _make_environment(venv: Path, *, series: str, progress: Progress) -> None:
    python.make_venv(sys.executable, venv, with_pip=True)
    if own_packages.has_pins(series):
        own_packages.install_pins(venv, series=series, progress=progress)


def _see_library(venv: Path, library: Path, *, home: Path, series: str) -> None:
    """Let the environment import Odoo, and tell pip that Odoo is there with all it needs.

    A package's own metadata asks for names under which its distribution, not PyPI, has the libraries.
    """
    packages = python.site_packages(venv)
    (packages / "odoo.pth").write_text(f"{python.path_line(library, seen_from=packages, home=home)}\n")
    info = packages / f"odoo-{series}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: odoo\nVersion: {series}\n")
    (info / "INSTALLER").write_text("odooops\n")


def _compile(root: Path, *, outside: bool) -> None:
    """Compile once what every later Odoo would compile at its start; a folder that is not ours is left alone."""
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
    """Return the commit that is checked out; where files differ from it, or there is none, the state of the files."""
    commit = ""
    if (folder / ".git").exists():
        git = ["git", "-C", str(folder)]
        commit = run_program([*git, "rev-parse", "--short=12", "HEAD"])[-1].strip()
        if not run_program([*git, "status", "--porcelain"]):
            return commit
    return f"{commit or 'folder'}-{_state_of_files(folder)}"


def _state_of_files(folder: Path) -> str:
    """Return a digest of every file's name, size and time; reading a whole Odoo would take too long each time."""
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
    """Return the installation in that folder, unless its files or the Python it was made with are gone."""
    try:
        values = json.loads((place / _MANIFEST).read_text())
    except FileNotFoundError:
        return None
    paths = {name: place / values[name] for name in ("path", "script", "library", "python")}
    addons_paths = tuple(place / path for path in values["addons_paths"])
    found = Installation(**{**values, **paths, "addons_paths": addons_paths})
    if not (found.python.exists() and found.script.exists()):
        return None
    # A named folder is its owner's to change; what we installed stays as it is.
    return replace(found, revision=_folder_revision(found.path)) if found.origin == "folder" else found
