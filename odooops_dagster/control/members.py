"""Members: who belongs to which project, as what."""

from __future__ import annotations

import builtins
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.errors import Forbidden


class Members:
    """Reads and writes ops.project_memberships."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, project_id: UUID, user_id: UUID, role: str) -> None:
        """Make somebody a member, or change what they are.

        Raises:
            Conflict: the project would be left without an owner.
        """
        self._database.call("set_member", p_project_id=project_id, p_user_id=user_id, p_role=role)

    def remove(self, project_id: UUID, user_id: UUID) -> bool:
        """End a membership, and return whether there was one.

        Raises:
            Conflict: the project would be left without an owner.
        """
        return bool(self._database.value("remove_member", p_project_id=project_id, p_user_id=user_id))

    def require(self, project_id: UUID, permission: str) -> None:
        """Refuse what the caller may not do in the project; a door that calls no function of its own asks here.

        Raises:
            Forbidden: they may not.
        """
        if not self._database.value("has_permission", p_project_id=project_id, p_permission=permission):
            raise Forbidden(f"you may not {permission} in this project", hint="ask an owner of the project for it")

    def list(self, project_slug: str | None = None) -> builtins.list[dict[str, Any]]:
        """Return the members of a project, or of all, with what their role allows."""
        return self._database.read(
            "project_members", order="project_slug, role desc, created_at", project_slug=project_slug
        )
