"""Lineage: the inputs and versions of the assets that a run created."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import Fence


class Lineage:
    """Writes ops.run_lineage and reads ops.v_run_lineage."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        fence: Fence,
        *,
        asset_key: str,
        partition_key: str | None,
        code_version: str | None,
        data_version: str | None,
        inputs: Mapping[str, Any],
    ) -> None:
        """Record the inputs and versions of an asset of the run."""
        self._database.call(
            "record_lineage",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_asset_key=asset_key,
            p_partition_key=partition_key,
            p_code_version=code_version,
            p_data_version=data_version,
            p_inputs=inputs,
        )

    def versions(
        self,
        asset_key: str,
        *,
        project_slug: str,
        partition_key: str | None = None,
        data_version: str | None = None,
    ) -> builtins.list[dict[str, Any]]:
        """Return the lineage of an asset over all runs of the project, newest first."""
        return self._database.read(
            "v_run_lineage",
            order="created_at desc, run_id",
            asset_key=asset_key,
            project_slug=project_slug,
            partition_key=partition_key,
            data_version=data_version,
        )

    def list(self, run_id: UUID) -> builtins.list[dict[str, Any]]:
        """Return the lineage of the run's assets, oldest first."""
        return self._database.read("v_run_lineage", order="created_at", run_id=run_id)
