"""Which installation a state folder is, and how far the control plane had come when it was seen last.

The folder keeps both when it is moved or copied whole. The second tells when the control plane was restored from an
older backup: its rounds are fewer than those that were seen here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from odooops_dagster.errors import Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.local.secrets import create_once

_SEEN = "control-plane.json"


@dataclass(frozen=True, kw_only=True)
class SeenControlPlane:
    """The control plane as it was seen last; `older_since` is when it was found to be older than that."""

    id: UUID
    rounds: int
    older_since: datetime | None = None


def installation_id(home: Path) -> UUID:
    """Return the id of the state folder, made at first use; callers that race agree on one.

    Raises:
        Unavailable: the file holds something else.
    """
    path = home / "installation"
    if not path.exists():
        create_once(path, str(uuid4()), mode=0o644)
    text = path.read_text().strip()
    try:
        return UUID(text)
    except ValueError as exc:
        hint = f"put it back from a copy of the folder; without one: rm {path}, then ops env orphans list"
        raise Unavailable(f"{path} holds no installation's id: {text[:40]!r}", hint=hint) from exc


def seen_control_plane(home: Path) -> SeenControlPlane | None:
    """Return the control plane that was seen last, None where none was."""
    try:
        stored = json.loads((home / _SEEN).read_bytes())
        older = stored["older_since"]
        return SeenControlPlane(
            id=UUID(stored["id"]),
            rounds=int(stored["rounds"]),
            older_since=datetime.fromisoformat(older) if older else None,
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as exc:
        raise Unavailable(f"{home / _SEEN} cannot be read: {exc}", hint=f"rm {home / _SEEN}") from exc


def remember_control_plane(home: Path, seen: SeenControlPlane) -> None:
    """Keep what was seen."""
    older = seen.older_since.isoformat() if seen.older_since else None
    stored = {"id": str(seen.id), "rounds": seen.rounds, "older_since": older}
    write_whole(home / _SEEN, json.dumps(stored, indent=1).encode())
