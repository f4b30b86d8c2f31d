"""Who we are, and whether the control plane's record is older than it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.plane import PlaneState
from odooops_dagster.local.installation import (
    SeenControlPlane,
    installation_id,
    remember_control_plane,
    seen_control_plane,
)
from odooops_dagster.ownership import Identity, Mark

_MARKER = ".odooops-owner"


def identify(control: ControlPlane, home: Path) -> Identity:
    """Return the state folder's and the control plane's ids."""
    return Identity(installation=installation_id(home), control_plane=control.plane.get().id)


def begin_round(control: ControlPlane, home: Path, *, now: datetime) -> datetime | None:
    """Count a round of the janitor; return since when the record is known to be older than what was seen of it.

    A control plane restored from a backup counts fewer rounds than this state folder remembers.
    """
    seen = _seen_of(control.plane.get(), home)
    plane = control.plane.advance(seen=seen.rounds if seen else 0)
    if plane.is_older and seen is not None:
        seen = replace(seen, older_since=seen.older_since or now)
        remember_control_plane(home, seen)
        return seen.older_since
    remember_control_plane(home, SeenControlPlane(id=plane.id, rounds=plane.rounds))
    return None


def older_since(control: ControlPlane, home: Path, *, now: datetime) -> datetime | None:
    """Return the same without counting."""
    plane = control.plane.get()
    seen = _seen_of(plane, home)
    return (seen.older_since or now) if seen is not None and plane.rounds < seen.rounds else None


def accept_record(control: ControlPlane, home: Path) -> None:
    """Take the record as it is from now on: nothing is left of which it does not know whether it is in use."""
    plane = control.plane.get()
    remember_control_plane(home, SeenControlPlane(id=plane.id, rounds=plane.rounds))


def folder_mark(folder: Path) -> Mark | None:
    """Return whose the folder is, None where nobody wrote it down."""
    try:
        return Mark.parse((folder / _MARKER).read_text())
    except (OSError, UnicodeDecodeError):
        return None


def mark_folder(folder: Path, mark: Mark) -> None:
    """Write down whose the folder is."""
    (folder / _MARKER).write_text(f"{mark}\n")


def _seen_of(plane: PlaneState, home: Path) -> SeenControlPlane | None:
    """Return what was seen of this control plane; another's rounds say nothing."""
    seen = seen_control_plane(home)
    return seen if seen is not None and seen.id == plane.id else None
