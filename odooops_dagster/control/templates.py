"""Templates: databases that are copied to start previews."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

from odooops_dagster.control.database import Database
from odooops_dagster.model import Fence


class Templates:
    """Reads and writes ops.database_templates."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the template with this key and record its use; None if there is none."""
        rows = self._database.call("touch_template", p_key=key)
        return rows[0] if rows else None

    def remember(
        self,
        fence: Fence,
        *,
        key: str,
        series: str,
        database_name: str,
        modules: Sequence[str],
        tests: Mapping[str, Any] | None = None,
    ) -> None:
        """Record the database as the template of the key.

        Raises:
            Conflict: the key has another template.
        """
        self._database.call(
            "remember_template",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_key=key,
            p_series=series,
            p_database_name=database_name,
            p_modules=list(modules),
            p_tests=tests or {},
        )

    def forget(self, database_name: str) -> bool:
        """Delete the template's record, and return whether there was one."""
        return bool(self._database.value("forget_template", p_database_name=database_name))

    def list(self) -> builtins.list[dict[str, Any]]:
        """Return every template, least recently used first."""
        return self._database.read("database_templates", order="last_used_at")
