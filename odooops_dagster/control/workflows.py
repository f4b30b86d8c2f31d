"""Workflows: what a project's pushes and clocks queue."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from odooops_dagster.control.database import Database, Rows


class Workflows:
    """Reads and writes ops.workflows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, project_slug: str | None = None) -> Rows:
        """Return the workflows in force, by project, type and name; without an id it is the platform's own."""
        return self._database.read("v_workflows", order="project_slug, workflow_type, name", project_slug=project_slug)

    def set(
        self,
        slug: str,
        name: str,
        *,
        workflow_type: str | None = None,
        config: Mapping[str, Any] | None = None,
        is_enabled: bool | None = None,
        set_by: str | None = None,
    ) -> builtins.dict[str, Any]:
        """Make or change a workflow and return it; None leaves what is there.

        Raises:
            BadInput: the type is missing or another one, or takes no such config; the message names the field.
            NotFound: there is no such project.
        """
        return self._database.call(
            "set_workflow",
            p_slug=slug,
            p_name=name,
            p_workflow_type=workflow_type,
            p_config=None if config is None else dict(config),
            p_is_enabled=is_enabled,
            p_set_by=set_by,
        )[0]
