"""The mark that identifies the owner of the platform's databases, roles and folders.

A mark names the installation (the state folder), the control plane and the run that created the object. An object with
another mark, or without one, is not ours until a person decides otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MARK = re.compile(
    rf"\binstallation=(?P<installation>{_UUID}) control_plane=(?P<control_plane>{_UUID})"
    rf"(?: run=(?P<run_id>{_UUID}))? made_at=(?P<made_at>[0-9T:.+-]+)"
)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Our identity: a state folder and its control plane."""

    installation: UUID
    control_plane: UUID


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The owner of an object, its run and its creation time; `run_id` is None if no single run created it."""

    identity: Identity
    run_id: UUID | None = None
    made_at: datetime

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Return the mark in the text of a comment or file, None if there is none."""
        found = _MARK.search(text or "")
        if found is None:
            return None
        try:
            made_at = datetime.fromisoformat(found["made_at"])
        except ValueError:
            return None
        return cls(
            identity=Identity(installation=UUID(found["installation"]), control_plane=UUID(found["control_plane"])),
            run_id=UUID(found["run_id"]) if found["run_id"] else None,
            made_at=made_at if made_at.tzinfo else made_at.replace(tzinfo=UTC),
        )

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        run = f" run={self.run_id}" if self.run_id else ""
        made_at = self.made_at.astimezone(UTC).isoformat(timespec="milliseconds")
        return (
            f"installation={self.identity.installation} control_plane={self.identity.control_plane}"
            f"{run} made_at={made_at}"
        )
