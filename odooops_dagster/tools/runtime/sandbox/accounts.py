"""The account of each environment's programs if the platform is root: a user id that nothing else on the machine has.

The owner of an environment's folder is the record: it moves with the state folder and cannot disagree with the files.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from odooops_dagster.errors import BadInput
from odooops_dagster.files import locked, write_whole

_PACKAGES = "see which package of requirements.txt brings it"
# How many accounts there are from the first one on; after the last one, the first is given again.
ACCOUNTS = 1_000_000


def account_of(folder: Path, *, ledger: Path, first: int) -> int | None:
    """Return the account that owns the folder, and give it a new one if it has none; None if we are not root.

    Args:
        folder: a folder of one environment's own.
        ledger: the file that keeps the account that was given last.
        first: the lowest user id of the accounts.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return None
    with locked(ledger.with_suffix(".lock")):
        owner = folder.stat().st_uid
        if first <= owner < first + ACCOUNTS:
            return owner
        uid = first + (_last(ledger, first=first) + 1 - first) % ACCOUNTS
        write_whole(ledger, f"{uid}\n".encode())
        give(folder, uid)
    return uid


def give(folder: Path, uid: int | None) -> None:
    """Make the folder and all that is in it the account's; nothing to do if it is already, or if we are not root.

    The folder itself is given last, so that its owner tells whether all of it was given.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if uid is None or folder.stat(follow_symlinks=False).st_uid == uid:
        return
    for _folder, names, files, descriptor in os.fwalk(folder, follow_symlinks=False):
        for name in (*names, *files):
            _give_entry(name, descriptor, uid)
    folder.chmod(0o700)
    os.chown(folder, uid, uid, follow_symlinks=False)


def take_back(folder: Path, uid: int | None) -> None:
    """Make what an account has filled ours again for every account to read; check that reading it leads nowhere else.

    No program of the account may run any more.

    Raises:
        BadInput: it holds a link that leads out of the folder, other than an interpreter's, or no file and no folder.
    """
    root = folder.resolve()
    for place, names, files, descriptor in os.fwalk(folder, follow_symlinks=False):
        for name in (*names, *files):
            _refuse_way_out(Path(place) / name, root)
            if uid is not None:
                _take_entry(name, descriptor)
    if uid is not None:
        _take_entry(str(folder), None)


def _take_entry(name: str, folder: int | None) -> None:
    """Make the entry ours: all may read it, and run or enter it where its owner may; only we may write."""
    os.chown(name, os.geteuid(), os.getegid(), dir_fd=folder, follow_symlinks=False)
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if not stat.S_ISLNK(mode):
        os.chmod(name, 0o755 if mode & stat.S_IXUSR else 0o644, dir_fd=folder)


def _refuse_way_out(path: Path, root: Path) -> None:
    found = path.lstat()
    is_interpreter = path.parent == root / "bin" and path.name.startswith("python")
    if stat.S_ISLNK(found.st_mode):
        if not is_interpreter and not path.resolve().is_relative_to(root):
            raise BadInput(f"{path.relative_to(root)} is a link that leads out of its folder", hint=_PACKAGES)
    elif not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise BadInput(f"{path.relative_to(root)} is neither a file nor a folder", hint=_PACKAGES)
    elif found.st_mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(found.st_mode):
        raise BadInput(f"{path.relative_to(root)} would run as another account", hint=_PACKAGES)


def give_like(path: Path, folder: Path) -> None:
    """Make a file or folder of ours the account's that owns the folder around it."""
    owner = folder.stat(follow_symlinks=False)
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def let_read(file: Path, uid: int | None) -> None:
    """Let the account read a file of ours, and nobody else."""
    if uid is not None:
        os.chown(file, 0, uid)
        file.chmod(0o640)


def _give_entry(name: str, folder: int, uid: int) -> None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
        # Earlier versions shared the files of filestores: the other names of this file belong to others.
        place = Path(f"/proc/self/fd/{folder}")
        shutil.copy2(place / name, place / f".{name}.own", follow_symlinks=False)
        (place / f".{name}.own").replace(place / name)
    os.chown(name, uid, uid, dir_fd=folder, follow_symlinks=False)


def _last(ledger: Path, *, first: int) -> int:
    try:
        return int(ledger.read_text())
    except (FileNotFoundError, ValueError):
        return first - 1
