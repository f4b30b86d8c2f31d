"""Creates and checks the state folder; errors say how to make it usable.

The names of what is in it are in odooops_dagster/home/contents.py.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from pathlib import Path

from odooops_dagster.errors import Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.home import StateEntry

# Version of the folder's layout; an odooops with another version refuses to use the folder.
LAYOUT = 2
# The version before had one cluster for all databases; `ops up` moves the control plane's out of it.
_FORMER_LAYOUT = 1
# The folders that are not made by what they are for, with a mode of its own.
_OURS = (
    *(StateEntry.ACCOUNTS, StateEntry.BUILDS, StateEntry.DAGSTER, StateEntry.DRILLS, StateEntry.ENVIRONMENTS),
    *(StateEntry.LOCKS, StateEntry.LOGS, StateEntry.REPOS, StateEntry.RUNS, StateEntry.SECRETS, StateEntry.SOURCES),
    *(StateEntry.STORE, StateEntry.TEMPLATES),
)
# If the platform is root, PostgreSQL runs as other accounts, with their files, its programs and their sockets.
_SHARED = frozenset(
    {StateEntry.CONTROL, StateEntry.POSTGRES, StateEntry.POSTGRESQL, StateEntry.RESTORING, StateEntry.RUN}
)
# Each preview takes a few hundred megabytes, and PostgreSQL stops if it cannot write its log.
LEAST_FREE_BYTES = 1024**3


def open_state_folder(home: Path) -> None:
    """Create the state folder if needed, and raise Unavailable if it is not ours or not usable."""
    try:
        home.mkdir(mode=0o711, parents=True, exist_ok=True)
        _refuse_strangers(home)
        _close(home)
        _check_layout(home / StateEntry.LAYOUT)
    except OSError as exc:
        raise unusable(home, exc) from exc


def unusable(home: Path, exc: OSError) -> Unavailable:
    """Return the error for a state folder in which the system refuses something."""
    if isinstance(exc, FileExistsError | NotADirectoryError):
        blocker = _existing(Path(exc.filename))
        return Unavailable(
            f"the state folder {home} cannot be made: {blocker} is not a folder", hint=f"mv {blocker} {blocker}.old"
        )
    mend = f"sudo chown -R {_me()} {home}, or name" if home.exists() else "name"
    return Unavailable(
        f"the state folder {home} cannot be used: {exc.strerror}: {exc.filename}",
        hint=f"{mend} another folder in ODOOOPS_HOME",
    )


def mark_layout(home: Path) -> None:
    """Record that the folder has this version's layout, so that no earlier version opens it."""
    write_whole(home / StateEntry.LAYOUT, f"{LAYOUT}\n".encode(), mode=0o644)


def check_space(home: Path, *, least: int = LEAST_FREE_BYTES) -> int:
    """Return the free bytes of the state folder's disk; raise Unavailable if there are fewer than `least`.

    Where nothing can be made at all, the disk is not what is missing: `open_state_folder` tells the reason.
    """
    place = _existing(home)
    usage = shutil.disk_usage(place)
    free = usage.free
    if free < least and usage.total and os.access(place, os.W_OK):
        raise Unavailable(
            f"the disk of {home} is full: {free // 1024**2} MB are free, {least // 1024**2} MB are needed",
            hint=f"du -xh --max-depth=2 {home} | sort -h, then delete, or name another folder in ODOOOPS_HOME",
        )
    return free


def _close(home: Path) -> None:
    """Make the folders, and let no other account of the machine into them.

    Sandboxes show each environment what is its own: they are made by us, before the environment's account is taken on.
    """
    for name in _OURS:
        (home / name).mkdir(mode=0o700, exist_ok=True)
    for name in StateEntry:
        if name not in _SHARED and (home / name).is_dir():
            _take_from_others(home / name)
    (home / StateEntry.RUN).mkdir(mode=0o711, exist_ok=True)
    if os.geteuid() != 0:
        _take_from_others(home)


def _take_from_others(folder: Path) -> None:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        folder.chmod(mode & ~0o077)


def _refuse_strangers(home: Path) -> None:
    owner = home.stat().st_uid
    if owner != os.geteuid():
        raise Unavailable(
            f"the state folder {home} belongs to {_name(owner)}, not to {_me()}",
            hint=f"run ops as {_name(owner)}, or name another folder in ODOOOPS_HOME",
        )
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        raise Unavailable(f"the state folder {home} is closed to its owner", hint=f"chmod u+rwx {home}")


def _check_layout(file: Path) -> None:
    if not file.exists():
        file.write_text(f"{LAYOUT}\n")
    found = file.read_text().strip()
    if found not in {str(LAYOUT), str(_FORMER_LAYOUT)}:
        raise Unavailable(
            f"{file.parent} was arranged by another version of odooops (layout {found}, this one knows {LAYOUT})",
            hint="install that version, or name another folder in ODOOOPS_HOME",
        )


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _me() -> str:
    return _name(os.geteuid())


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
