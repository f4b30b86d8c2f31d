"""Finds or installs Odoo, once per series, completely or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from odooops_dagster.errors import MissingDependency, StepFailed
from odooops_dagster.files import beneath, locked, try_lock, write_whole
from odooops_dagster.home import installations_folder
from odooops_dagster.tools.odoo import debian, own_packages, python, sources
from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.odoo.commands import launcher
from odooops_dagster.tools.odoo.missing_files import missing_files, supply
from odooops_dagster.tools.odoo.programs import Progress, run_program
from odooops_dagster.tools.odoo.sources import OdooFiles

_MANIFEST = "installation.json"
# Debian's package lists, of the last time that they were read.
_LISTS = ".debian-lists"
# In a file of its own: an earlier version of the platform reads the manifest too, and knows nothing of these.
_FILES = "missing-files.json"
# A failed installation is tried again within days, or given up: its clone takes more than 2 GB.
_CLONE_SECONDS = 7 * 24 * 3600
# Files not compiled in advance, half of the source: a project uses few localizations, and tests of its own modules.
_SELDOM_RUN = r"/(tests|l10n_\w+)/"


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
    missing_files: tuple[str, ...] = ()  # files that Odoo's manifests name and it lacks
    supplied_files: tuple[str, ...] = ()  # those of them of which we put empty ones in place

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

    `odoo_path` is a folder with Odoo, or one with a folder per series.

    Raises:
        BadInput: there is no such series, or the named folder contains another.
        MissingDependency: every way failed, and the message has the reason for each; or this Python is the wrong one.
        StepFailed: the Python packages cannot be installed.
    """
    odoo_series.series(series)
    odoo_path = sources.folder_of(series, odoo_path)
    place = _place(series, home=home, odoo_path=odoo_path)
    if (found := _load(place)) and _is_complete(place):
        return found
    place.parent.mkdir(parents=True, exist_ok=True)
    with only_one(place, waiting=lambda: progress(f"another installation of Odoo {series} is at work, waiting for it")):
        if (found := _load(place)) is None:
            found = _install_into(place, series=series, odoo_path=odoo_path, git_url=git_url, progress=progress)
        if not _is_complete(place):
            _complete(place, found, progress=progress)
        return _load(place) or found


def refuse_unknown(series: str) -> None:
    """Refuse what is no series that the platform can install."""
    odoo_series.series(series)


def is_at_hand(series: str, home: Path, *, odoo_path: Path | None = None) -> bool:
    """Return whether the series is installed, in the named folder or in Debian's archive; else only git may have it.

    Raises:
        BadInput: there is no such series, or the named folder holds no Odoo or another series.
    """
    folder = sources.folder_of(series, odoo_path)
    return folder is not None or find(series, home) is not None or debian.may_have(series)


def find(series: str, home: Path, *, odoo_path: Path | None = None) -> Installation | None:
    """Return the series' Odoo if it is installed and its Python still exists, else None."""
    odoo_series.series(series)
    return _load(_place(series, home=home, odoo_path=sources.folder_of(series, odoo_path)))


def installed(home: Path) -> list[Installation]:
    """Return every installed Odoo, sorted by series."""
    places = sorted(path.parent for path in installations_folder(home).glob(f"[!.]*/{_MANIFEST}"))
    return [found for found in map(_load, places) if found]


def remove_old_clones(home: Path, *, now: datetime) -> list[Path]:
    """Remove the clones of failed installations that were kept long enough or whose series is installed by now."""
    removed = []
    for spare in installations_folder(home).glob(".*.clone"):
        place = spare.with_name(spare.name.removeprefix(".").removesuffix(".clone"))
        with _lock_of(place).open("a") as lock:
            # An installation at work may be using it.
            if try_lock(lock.fileno()) and (_load(place) or now.timestamp() - spare.stat().st_mtime > _CLONE_SECONDS):
                shutil.rmtree(spare)
                removed.append(spare)
    return removed


@contextmanager
def only_one(place: Path, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of a folder that is about to be created, across processes."""
    with locked(_lock_of(place), on_wait=waiting):
        yield


@contextmanager
def staging(place: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `place`, and remove it and the leftovers of killed runs.

    What is written there may be read by every account that comes into the state folder, whatever our umask is.
    The caller must hold the lock of `place`.
    """
    _remove_partials(place)
    folder = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}.partial-"))
    folder.chmod(0o755)
    umask = os.umask(0o022)
    try:
        yield folder
    finally:
        os.umask(umask)
        # Remove all once more: a child of a killed run may have written while we removed its folder.
        _remove_partials(place)


def _lock_of(place: Path) -> Path:
    return place.with_name(f".{place.name}.lock")


def _remove_partials(place: Path) -> None:
    for partial in place.parent.glob(f".{place.name}.partial-*"):
        shutil.rmtree(partial, ignore_errors=True)


def _install_into(
    place: Path, *, series: str, odoo_path: Path | None, git_url: str, progress: Progress
) -> Installation:
    own_packages.require_python(series)
    spare = place.with_name(f".{place.name}.clone")

    def files(folder: Path) -> OdooFiles:
        if odoo_path is not None:
            revision = sources.folder_revision(odoo_path)
            return OdooFiles(root=odoo_path.resolve(), revision=revision, origin="folder")
        lists = place.with_name(_LISTS)
        return sources.fetch(series, into=folder, git_url=git_url, spare=spare, lists=lists, progress=progress)

    with staging(place) as folder, sources.kept_clone(folder, spare=spare):
        made = _build(folder, series=series, files=files, progress=progress)
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


def _is_complete(place: Path) -> bool:
    """Return whether the files that this Odoo lacks are known; an earlier version did not look for them."""
    return (place / _FILES).is_file()


def _complete(place: Path, found: Installation, *, progress: Progress) -> None:
    """Record the files that this Odoo lacks, and supply those that may be empty; do not touch a folder of the user."""
    missing = missing_files(found.addons_paths)
    supplied = supply(missing, found.addons_paths) if found.origin != "folder" else ()
    if missing:
        progress(f"Odoo's manifests name {len(missing)} file(s) that it came without: {', '.join(missing)}")
    if supplied:
        progress(f"empty files take the place of {', '.join(supplied)}")
    write_whole(place / _FILES, json.dumps({"missing_files": missing, "supplied_files": supplied}, indent=1).encode())


def _build(folder: Path, *, series: str, files: Callable[[Path], OdooFiles], progress: Progress) -> dict[str, Any]:
    """Fetch Odoo and its Python packages in parallel and return the manifest of the installation."""
    given_up = Event()
    with ThreadPoolExecutor(max_workers=2) as pool:
        told = _until(given_up, progress)
        environment = pool.submit(_make_environment, folder / "venv", series=series, progress=told)
        try:
            got = files(folder)
            script, library = sources.layout(got.root)
            sources.check_release(library, series)
        except BaseException:
            given_up.set()  # else we would wait for all packages of an Odoo that cannot be had
            raise
        if got.origin != "folder":  # which is not ours to touch
            progress(f"Odoo {series}: compiling its Python files")
            _compile(got.root)
        environment.result()
    return {
        "series": series,
        "revision": got.revision,
        "origin": got.origin,
        "path": got.root,
        "script": script,
        "library": library,
        "python": folder / "venv" / "bin" / "python",
        "python_version": ".".join(map(str, sys.version_info[:3])),
        "addons_paths": [path for path in (got.root / "addons", library / "odoo" / "addons") if path.is_dir()],
    }


def _until(given_up: Event, progress: Progress) -> Progress:
    """Return a progress that ends the work of its caller once we have given up."""

    def told(line: str) -> None:
        if given_up.is_set():
            raise StepFailed("given up, because the other half of the installation failed")
        progress(line)

    return told


def _make_environment(venv: Path, *, series: str, progress: Progress) -> None:
    python.make_venv(sys.executable, venv, with_pip=True)
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


def _compile(root: Path) -> None:
    """Compile Odoo's files once, so that no later start has to."""
    options = ["-q", "-j", str(os.cpu_count() or 1), "-x", _SELDOM_RUN]
    run_program([sys.executable, "-m", "compileall", *options, str(root)])


def _place(series: str, *, home: Path, odoo_path: Path | None) -> Path:
    if odoo_path is None:
        return installations_folder(home) / series
    named = hashlib.sha256(str(odoo_path.resolve()).encode()).hexdigest()[:8]
    return installations_folder(home) / f"{series}-{named}"


def _load(place: Path) -> Installation | None:
    """Return the installation in the folder, None if its files or its Python are gone."""
    try:
        values = json.loads((place / _MANIFEST).read_text())
    except FileNotFoundError:
        return None
    paths = {name: place / values[name] for name in ("path", "script", "library", "python")}
    addons_paths = tuple(place / path for path in values["addons_paths"])
    record = json.loads((place / _FILES).read_text()) if _is_complete(place) else {}
    files = {name: tuple(listed) for name, listed in record.items()}
    found = Installation(**{**values, **paths, **files, "addons_paths": addons_paths})
    if not (found.python.exists() and found.script.exists()):
        return None
    # The owner may change a named folder; our own installations never change.
    return replace(found, revision=sources.folder_revision(found.path)) if found.origin == "folder" else found
