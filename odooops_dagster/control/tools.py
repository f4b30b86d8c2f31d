"""Tools that runs use, each pinned to a version and an image."""

from __future__ import annotations

import builtins
from typing import Any

from odooops_dagster.control.database import Database, Rows


class Tools:
    """Reads and writes ops.tools and ops.tool_changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> Rows:
        """Return every tool, by name."""
        return self._database.read("tools", order="name")

    def set(
        self,
        name: str,
        *,
        version: str,
        docker_image: str | None = None,
        digest: str | None = None,
        set_by: str | None = None,
    ) -> builtins.dict[str, Any]:
        """Pin the tool and return it.

        Raises:
            Forbidden: the caller pins no tools.
            BadInput: an image has no digest, or a value is none that a tool may have.
        """
        return self._database.call(
            "set_tool", p_name=name, p_version=version, p_docker_image=docker_image, p_digest=digest, p_set_by=set_by
        )[0]

    def changes(self) -> Rows:
        """Return every change of a tool, oldest first."""
        return self._database.read("tool_changes", order="id")
