"""Settings of projects whose repository cannot bring them."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from odooops_dagster.control.database import Database


class ProjectSettings:
    """Reads and writes ops.project_settings and ops.project_setting_changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, project_id: UUID) -> Mapping[str, Any]:
        """Return the project's settings: each key of odooops.yaml, with dots, and its value."""
        return {row["key"]: row["value"] for row in self.rows(project_id)}

    def rows(self, project_id: UUID) -> builtins.list[dict[str, Any]]:
        """Return the project's settings with who set each, and when, by key."""
        return self._database.read("project_settings", order="key", project_id=project_id)

    def set(self, slug: str, key: str, value: Any, *, changed_by: str | None = None) -> None:  # noqa: ANN401 - JSON
        """Set one of the project's settings, and record who did it; None removes it.

        Raises:
            BadInput: no project may have such a key.
            NotFound: there is no such project.
        """
        self._database.call(
            "set_project_setting",
            p_slug=slug,
            p_key=key,
            p_value=None if value is None else Jsonb(value),
            p_changed_by=changed_by,
        )

    def changes(self, project_id: UUID) -> builtins.list[dict[str, Any]]:
        """Return every change of the project's settings, oldest first."""
        return self._database.read("project_setting_changes", order="id", project_id=project_id)
