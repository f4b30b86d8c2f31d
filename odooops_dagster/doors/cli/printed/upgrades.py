"""What `ops upgrade`, `ops advisory`, `ops config` and `ops repo` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from odooops_dagster.model import Stage
from odooops_dagster.model.advisories import AdvisoryKind, Severity
from odooops_dagster.model.upgrades import Verdict


@dataclass(frozen=True, kw_only=True)
class ListedPreview:
    """A finished upgrade preview without its report; `commit` has twelve digits."""

    run: str
    commit: str
    target: str
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
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ImportedAdvisories:
    """An import of a source; `is_new` is false where it was imported before, `counts` are by kind of advisory."""

    source: str
    from_version: str
    to_version: str
    release: str | None
    sha256: str
    number: int
    is_new: bool
    items: int
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class AdvisedLine:
    """A line of code, or an installed module, that uses what changes."""

    severity: Severity
    certainty: Literal["certain", "possible"]
    place: str
    summary: str
    kind: AdvisoryKind
    subject: str
    replacement: str | None
    module: str
    file: str | None
    line: int | None
    guide: str | None
    source: str


@dataclass(frozen=True, kw_only=True)
class AdvisedProject:
    """What a project should know before it leaves its series, and what its newest build uses of it."""

    project_id: UUID
    project_slug: str
    odoo_version: str
    advisory_id: UUID
    to_version: str
    severity: str
    breaking_change_count: int
    breaking_changes: Sequence[Any]  # as each source has them
    migration_guides: Sequence[Any]  # as each source has them
    created_at: datetime
    sources: Sequence[Mapping[str, Any]]  # the newest import of each
    item_count: int
    target_version: str | None
    matched_run_id: UUID | None
    matched_at: datetime | None
    certain_uses: int | None
    possible_uses: int | None
    uses: Sequence[Mapping[str, Any]] | None  # the first of them, with file and line


@dataclass(frozen=True, kw_only=True)
class ExplainedSetting:
    """A setting that is not the platform's own default, and its value on a stage."""

    stage: Stage
    setting: str
    value: str


@dataclass(frozen=True, kw_only=True)
class ChangedSetting:
    """A setting whose value on a stage differs; null where it is not set."""

    stage: Stage
    setting: str
    old: str | None
    new: str | None


@dataclass(frozen=True, kw_only=True)
class RepositoryFile:
    """What becomes of a file of a repository; `done` is left out with --dry-run."""

    path: str
    action: Literal["same", "left out", "create", "update", "extend", "merge", "replace"]
    diff: str
    done: bool = True
