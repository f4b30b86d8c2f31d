"""Gets Odoo's files: from a folder that the operator names, from Debian, or from git."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.child_environment import GIT, NETWORK
from odooops_dagster.errors import BadInput, MissingDependency
from odooops_dagster.tools.odoo import debian
from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.odoo.programs import ProgramFailed, Progress, run_program

# Paths of the program and of the folder with `odoo`: in a git clone, in Odoo's own download (nightly.odoo.com, whose
# addons lie in odoo/addons), and in a Debian package's root folder.
_LAYOUTS = (("odoo-bin", "."), ("setup/odoo", "."), ("usr/bin/odoo", "usr/lib/python3/dist-packages"))
_NO_ODOO = "name the folder that holds odoo-bin or setup/odoo, a package's root folder, or one folder per series"
_NO_QUESTIONS = {"GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True, kw_only=True)
class OdooFiles:
    """The root folder of Odoo's files, the revision, and the origin: folder, debian or git."""

    root: Path
    revision: str
    origin: str


def folder_of(series: str, named: Path | None) -> Path | None:
    """Return the folder with the series' Odoo: the named one, or the one in it that the series names.

    None if nothing is named, or if the named folder has folders for other series only.

    Raises:
        BadInput: the folder holds no Odoo, or that of another series.
    """
    if named is None:
        return None
    own = named / series
    if not own.is_dir() and any((named / other).is_dir() for other in odoo_series.known()):
        return None
    folder = own if own.is_dir() else named
    check_release(layout(folder)[1], series)
    return folder


def layout(root: Path) -> tuple[Path, Path]:
    """Return Odoo's program and the folder that `import odoo` finds.

    Raises:
        BadInput: the folder holds no Odoo.
    """
    for script, library in _LAYOUTS:
        if (root / script).is_file() and (root / library / "odoo").is_dir():
            return root / script, (root / library).resolve()
    raise BadInput(f"{root} holds no Odoo", hint=_NO_ODOO)


def check_release(library: Path, series: str) -> None:
    """Refuse an Odoo of another series.

    Raises:
        BadInput: the message names both.
    """
    found = re.search(r"^version_info = \((\d+), (\d+)", (library / "odoo" / "release.py").read_text(), re.MULTILINE)
    got = f"{found[1]}.{found[2]}" if found else "unknown"
    if got != series:
        raise BadInput(f"{library} holds Odoo {got}, not {series}", hint="name the folder of that series")


def folder_revision(folder: Path) -> str:
    """Return the checked-out commit; add a digest of the files if they differ from it or there is no repository."""
    commit = ""
    if (folder / ".git").exists():
        git = ["git", "-C", str(folder)]
        commit = run_program([*git, "rev-parse", "--short=12", "HEAD"], inherits=(GIT,))[-1].strip()
        if not run_program([*git, "status", "--porcelain"], inherits=(GIT,)):
            return commit
    return f"{commit or 'folder'}-{_state_of_files(folder)}"


def fetch(series: str, *, into: Path, git_url: str, spare: Path, lists: Path, progress: Progress) -> OdooFiles:
    """Get the series' files from Debian, else from git.

    `spare` may have the clone of an earlier try, and `lists` Debian's package lists.

    Raises:
        MissingDependency: both ways failed; the message has the reason of each.
    """
    refused: list[str] = []
    ways: tuple[Callable[[], OdooFiles], ...] = (
        lambda: _from_debian(series, into=into, lists=lists, progress=progress),
        lambda: _from_git(series, into=into, url=git_url, spare=spare, progress=progress),
    )
    for way in ways:
        try:
            return way()
        except (MissingDependency, ProgramFailed, OSError) as exc:
            refused.append(str(exc))
            progress(f"not this way: {exc}")
    raise MissingDependency(
        f"Odoo {series} cannot be had: {'; '.join(refused)}",
        hint="name a folder that holds it with ODOOOPS_ODOO_PATH, or let this machine reach Odoo's git repository"
        " (for the newest series, Debian's archive)",
    )


@contextmanager
def kept_clone(folder: Path, *, spare: Path) -> Iterator[None]:
    """Move the git clone in `folder` to `spare` if the block fails, and remove `spare` if it succeeds.

    A clone is more than 2 GB, and what fails after it is the installation of packages.
    """
    try:
        yield
    except BaseException:
        if _is_whole(_clone(folder)):
            _clone(folder).rename(spare)
            os.utime(spare)  # its age counts from this try
        raise
    shutil.rmtree(spare, ignore_errors=True)


def _from_debian(series: str, *, into: Path, lists: Path, progress: Progress) -> OdooFiles:
    work = into / "apt"
    got = debian.unpack_odoo(series, into=into / "root", work=work, lists=lists, progress=progress)
    shutil.rmtree(work)
    return OdooFiles(root=got.root, revision=got.version, origin="debian")


def _from_git(series: str, *, into: Path, url: str, spare: Path, progress: Progress) -> OdooFiles:
    clone = _clone(into)
    if _is_whole(spare):
        spare.rename(clone)
        _update(clone, series=series, url=url, progress=progress)
    else:
        progress(f"git: cloning branch {series} of Odoo, without its history")
        argv = ["git", "clone", "--quiet", "--depth=1", f"--branch={series}", url, str(clone)]
        run_program(argv, inherits=(NETWORK, GIT), env=_NO_QUESTIONS)
    return OdooFiles(root=clone, revision=folder_revision(clone), origin="git")


def _update(clone: Path, *, series: str, url: str, progress: Progress) -> None:
    """Bring the clone of an earlier try up to date; without an answer it serves as it is."""
    progress("git: the clone of an earlier try is here, fetching what is new")
    git = ["git", "-C", str(clone)]
    try:
        run_program([*git, "fetch", "--quiet", "--depth=1", url, series], inherits=(NETWORK, GIT), env=_NO_QUESTIONS)
    except ProgramFailed as exc:
        progress(f"git: the earlier clone is used as it is: {exc}")
    else:
        run_program([*git, "reset", "--quiet", "--hard", "FETCH_HEAD"], inherits=(GIT,))
    run_program(
        [*git, "clean", "--quiet", "--force", "-d"], inherits=(GIT,)
    )  # what an earlier try compiled, unless Odoo ignores it


def _clone(folder: Path) -> Path:
    return folder / "src"


def _is_whole(clone: Path) -> bool:
    if not (clone / ".git").is_dir():
        return False
    try:
        run_program(["git", "-C", str(clone), "rev-parse", "--verify", "--quiet", "HEAD"], inherits=(GIT,))
    except ProgramFailed:
        return False
    return True


def _state_of_files(folder: Path) -> str:
    """Return a digest of every file's name, size and time, because reading all content would take too long."""
    total = hashlib.sha256()
    for place, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if name not in {".git", "__pycache__"})
        for name in sorted(names):
            state = Path(place, name).lstat()
            total.update(f"{place}/{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return total.hexdigest()[:12]
