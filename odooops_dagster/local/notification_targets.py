"""The addresses of webhooks and of apprise, which may hold secrets: one file each, for the platform's account only.

A file says whose the target is. A row that names it for another project is a claim, and leads nowhere.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from odooops_dagster.errors import BadInput
from odooops_dagster.home import notification_target_file
from odooops_dagster.local.secrets import write_secret
from odooops_dagster.model.messages import Channel

_NAME = re.compile("[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a channel leads to; a webhook has a secret that signs what it is sent."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    project_id: UUID | None = None  # whose it is; None for the platform's
    is_shared: bool = False  # whether the rules of every project may name the platform's

    def serves(self, project_id: UUID | None) -> bool:
        """Return whether what the project's own file and people ask for may go there."""
        return self.is_shared or (self.project_id is not None and self.project_id == project_id)


def write_target(home: Path, channel: Channel, name: str, target: Target) -> None:
    """Keep a target, in the place of the one of that name.

    Raises:
        BadInput: no target may have this name.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name of a target", hint="small letters, digits and -, such as on-call")
    content = json.dumps(
        {
            "url": target.url,
            "secret": target.secret,
            "project_id": target.project_id.hex if target.project_id else None,
            "is_shared": target.is_shared,
        }
    )
    write_secret(home, notification_target_file(home, channel, name), content)


def read_target(home: Path, channel: str, name: str) -> Target | None:
    """Return the target of that name, None if there is none."""
    try:
        kept = json.loads(notification_target_file(home, channel, name).read_text())
    except FileNotFoundError:
        return None
    owner = kept.get("project_id")
    return Target(
        url=kept["url"],
        secret=kept["secret"],
        project_id=UUID(owner) if owner else None,
        is_shared=kept.get("is_shared", False),
    )


def is_foreign(home: Path, channel: str, name: str, project_id: UUID) -> bool:
    """Return whether there is such a target, and the project's own rules may not name it."""
    target = None if channel == "mail" else read_target(home, channel, name)
    return target is not None and not target.serves(project_id)


def remove_target(home: Path, channel: str, name: str) -> None:
    """Delete a target, if there is one of that name."""
    notification_target_file(home, channel, name).unlink(missing_ok=True)
