"""Exchanges what a restore made for what is there, once the file `ready` says that it is whole.

Killed before the file is there, the folder is as it was; killed after it, the next `ops up` or `ops platform restore`
ends the exchange. What was there is put aside, and stays until a person removes it: it may be the last of a record.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from odooops_dagster.files import sync_folder, write_whole
from odooops_dagster.home import StateEntry, replaced_folder, restoring_folder, restoring_ready
from odooops_dagster.local.state_folder import mark_layout

# What a restored control plane takes the place of, in this order.
_EXCHANGED = (
    StateEntry.SECRETS.value,
    StateEntry.INSTALLATION.value,
    StateEntry.CONTROL_PLANE.value,
    f"{StateEntry.CONTROL}/data",
)


def exchange(home: Path, *, backup_id: str) -> None:
    """Let what a restore made take the place of what is there. Only for who holds the stack's lock."""
    os.sync()  # after a power failure too, what is ready is whole
    write_whole(restoring_ready(home), f"{backup_id}\n{put_aside_in(home).name}\n".encode())
    finish_restore(home)


def put_aside_in(home: Path) -> Path:
    """Return the folder in which the next restore puts aside what is there; no other one has its number."""
    numbers = [int(path.name) for path in replaced_folder(home).glob("*") if path.name.isdecimal()]
    return replaced_folder(home) / str(max(numbers, default=0) + 1)


def finish_restore(home: Path) -> bool:
    """Exchange what a restore made for what is there, if it is whole; return whether there was one.

    Only for who holds the stack's lock.
    """
    if not restoring_ready(home).exists():
        return False
    made = restoring_folder(home)
    _, *number = restoring_ready(home).read_text().split()  # a former version wrote none
    aside = replaced_folder(home) / number[0] if number else put_aside_in(home)
    for name in _EXCHANGED:
        if not (made / name).exists():
            continue  # it was exchanged before the restore was killed
        (home / name).parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        if _is_empty(home / name):
            (home / name).rmdir()
        elif (home / name).exists():
            (aside / name).parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            (home / name).rename(aside / name)
        (made / name).rename(home / name)
        for folder in {(home / name).parent, (made / name).parent}:
            sync_folder(folder)
    mark_layout(home)
    restoring_ready(home).unlink()
    shutil.rmtree(made, ignore_errors=True)
    return True


def _is_empty(path: Path) -> bool:
    """Return whether the path is a folder without anything in it, as a new state folder has."""
    return path.is_dir() and not any(path.iterdir())
