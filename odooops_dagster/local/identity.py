"""Our identity, and the detection of a control plane that was restored from an older backup."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.plane import PlaneState
from odooops_dagster.home import owner_file
from odooops_dagster.local.installation import (
    SeenControlPlane,
    installation_id,
    remember_control_plane,
    seen_control_plane,
)
from odooops_dagster.ownership import Identity, Mark


def identify(control: ControlPlane, home: Path) -> Identity:
    """Return the ids of the state folder and the control plane."""
    return Identity(installation=installation_id(home), control_plane=control.plane.get().id)


def begin_round(control: ControlPlane, home: Path, *, now: datetime) -> datetime | None:
    """Count a round of the janitor; return since when the record is known to be older than the last one seen, or None.

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


def accept_record(control: ControlPlane, home: Path) -> None:
    """Accept the current record, after every unknown object was decided on."""
    plane = control.plane.get()
    remember_control_plane(home, SeenControlPlane(id=plane.id, rounds=plane.rounds))


def folder_mark(folder: Path) -> Mark | None:
    """Return the mark of the folder, None if it has none."""
    try:
        return Mark.parse(owner_file(folder).read_text())
    except (OSError, UnicodeDecodeError):
        return None


def mark_folder(folder: Path, mark: Mark) -> None:
    """Write the mark of the folder."""
    owner_file(folder).write_text(f"{mark}\n")


def _seen_of(plane: PlaneState, home: Path) -> SeenControlPlane | None:
    """Return the last seen state of this control plane; None if another one was seen."""
    seen = seen_control_plane(home)
    return seen if seen is not None and seen.id == plane.id else None
