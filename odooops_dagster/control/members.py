"""Members of projects and their roles."""

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
        """Add a member, or change a member's role.

        Raises:
            Conflict: the project would be left without an owner.
        """
        self._database.call("set_member", p_project_id=project_id, p_user_id=user_id, p_role=role)

    def remove(self, project_id: UUID, user_id: UUID) -> bool:
        """Remove a member, and return whether there was one.

        Raises:
            Conflict: the project would be left without an owner.
        """
        return bool(self._database.value("remove_member", p_project_id=project_id, p_user_id=user_id))

    def require(self, project_id: UUID, permission: str) -> None:
        """Check that the caller has the permission in the project, for doors that call no function that checks it.

        Raises:
            Forbidden: the caller lacks the permission.
        """
        if not self._database.value("has_permission", p_project_id=project_id, p_permission=permission):
            raise Forbidden(f"you may not {permission} in this project", hint="ask an owner of the project for it")

    def list(self, project_slug: str | None = None) -> builtins.list[dict[str, Any]]:
        """Return the members of one or all projects, with the permissions of their role."""
        return self._database.read(
            "project_members", order="project_slug, role desc, created_at", project_slug=project_slug
        )
