"""Whose a thing is: the mark that databases, roles and folders of the platform carry.

A mark names the installation (the state folder), the control plane and the run that made the thing. What carries
another mark, or none, is somebody else's until a person says otherwise.
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
    """Who we are: one state folder and the control plane that it works for."""

    installation: UUID
    control_plane: UUID


@dataclass(frozen=True, kw_only=True)
class Mark:
    """For whom a thing was made, by which run and when; `run_id` is empty where no single run made it."""

    identity: Identity
    run_id: UUID | None = None
    made_at: datetime

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Return the mark in a comment or a file, None where there is none."""
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
