"""Stores the installation's id and the last seen state of the control plane in the state folder.

Both move with the folder when it is moved or copied. The second reveals a control plane that was restored from an older
backup: it has counted fewer rounds than were seen here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from odooops_dagster.errors import Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.home import control_plane_file, installation_file
from odooops_dagster.local.secrets import create_once


@dataclass(frozen=True, kw_only=True)
class SeenControlPlane:
    """The last seen state of the control plane; `older_since` is when an older state was first detected."""

    id: UUID
    rounds: int
    older_since: datetime | None = None


def installation_id(home: Path) -> UUID:
    """Return the id of the state folder; create it at first use, the same for concurrent callers.

    Raises:
        Unavailable: the file contains no id.
    """
    path = installation_file(home)
    if not path.exists():
        create_once(path, str(uuid4()), mode=0o644)
    text = path.read_text().strip()
    try:
        return UUID(text)
    except ValueError as exc:
        hint = f"put it back from a copy of the folder; without one: rm {path}, then ops env orphans list"
        raise Unavailable(f"{path} holds no installation's id: {text[:40]!r}", hint=hint) from exc


def seen_control_plane(home: Path) -> SeenControlPlane | None:
    """Return the last seen state of the control plane, None if there is none."""
    try:
        stored = json.loads((control_plane_file(home)).read_bytes())
        older = stored["older_since"]
        return SeenControlPlane(
            id=UUID(stored["id"]),
            rounds=int(stored["rounds"]),
            older_since=datetime.fromisoformat(older) if older else None,
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as exc:
        raise Unavailable(
            f"{control_plane_file(home)} cannot be read: {exc}", hint=f"rm {control_plane_file(home)}"
        ) from exc


def remember_control_plane(home: Path, seen: SeenControlPlane) -> None:
    """Store the last seen state of the control plane."""
    older = seen.older_since.isoformat() if seen.older_since else None
    stored = {"id": str(seen.id), "rounds": seen.rounds, "older_since": older}
    write_whole(control_plane_file(home), json.dumps(stored, indent=1).encode())
