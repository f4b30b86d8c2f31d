"""Values of upgrade previews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from odooops_dagster.model.rows import FromRow

Verdict = Literal["green", "yellow", "red"]


@dataclass(frozen=True, kw_only=True)
class UpgradePreview(FromRow):
    """A finished upgrade preview; `report` is the whole report, as its published JSON Schema describes it."""

    id: UUID
    project_id: UUID
    environment_id: UUID
    run_id: UUID
    backup_id: UUID
    engine: str
    source_series: str
    target_series: str
    source_digest: str
    image_digest: str
    git_sha: str
    verdict: Verdict
    summary: str
    seconds: Decimal
    downtime_seconds: Decimal | None
    new_errors: int
    new_warnings: int
    evidence_id: UUID
    report: Mapping[str, Any]
    created_at: datetime
