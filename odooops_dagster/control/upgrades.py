"""Upgrade previews: what an upgrade would do, tried on a copy of production."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.errors import NotFound
from odooops_dagster.model import Fence
from odooops_dagster.model.upgrades import UpgradePreview, Verdict


class Upgrades:
    """Reads and writes ops.upgrade_previews, and reads the advisories that apply."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        fence: Fence,
        *,
        engine: str,
        source_series: str,
        target_series: str,
        source_digest: str,
        image_digest: str,
        git_sha: str,
        verdict: Verdict,
        summary: str,
        seconds: float,
        downtime_seconds: float | None,
        new_errors: int,
        new_warnings: int,
        evidence_id: UUID,
        report: Mapping[str, Any],
    ) -> UpgradePreview:
        """Record the run's finished preview, and end its restore; a repeated call returns the first one."""
        (row,) = self._database.call(
            "record_upgrade_preview",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_engine=engine,
            p_source_series=source_series,
            p_target_series=target_series,
            p_source_digest=source_digest,
            p_image_digest=image_digest,
            p_git_sha=git_sha,
            p_verdict=verdict,
            p_summary=summary,
            p_seconds=Decimal(str(seconds)),
            p_downtime_seconds=None if downtime_seconds is None else Decimal(str(downtime_seconds)),
            p_new_errors=new_errors,
            p_new_warnings=new_warnings,
            p_evidence_id=evidence_id,
            p_report=report,
        )
        return UpgradePreview.from_row(row)

    def list(
        self, project_id: UUID | None = None, *, target_series: str | None = None, limit: int | None = None
    ) -> builtins.list[UpgradePreview]:
        """Return the previews, newest first."""
        rows = self._database.read(
            "upgrade_previews",
            order="created_at desc, id",
            limit=limit,
            project_id=project_id,
            target_series=target_series,
        )
        return [UpgradePreview.from_row(row) for row in rows]

    def of_run(self, run_id: UUID) -> UpgradePreview | None:
        """Return the preview that the run recorded, None if it recorded none."""
        rows = self._database.read("upgrade_previews", order="id", run_id=run_id)
        return UpgradePreview.from_row(rows[0]) if rows else None

    def get(self, run_id: UUID) -> UpgradePreview:
        """Return the preview that the run recorded.

        Raises:
            NotFound: it recorded none.
        """
        found = self.of_run(run_id)
        if found is None:
            raise NotFound("this run recorded no upgrade preview", hint="list them: ops upgrade list")
        return found

    def advisories(self, project_id: UUID, *, target_series: str | None = None) -> builtins.list[dict[str, Any]]:
        """Return the advisories that apply to the project, for one target or all."""
        return self._database.read(
            "v_upgrade_advisories", order="to_version, severity desc", project_id=project_id, to_version=target_series
        )
