"""What people read of runs, gates, members and deliveries: rows of views, as the API declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import PlainSerializer

from odooops_dagster.model.releases import CheckStatus, Decision, GateCode, GateStatus, ProcessingStatus, ReleaseStatus
from odooops_dagster.model.rows import FromRow
from odooops_dagster.model.runs import LogLevel, RunKind

# A duration; in JSON its seconds.
Seconds = Annotated[
    timedelta, PlainSerializer(timedelta.total_seconds, return_type=float, when_used="json-unless-none")
]
MemberRole = Literal["viewer", "developer", "admin", "owner"]


@dataclass(frozen=True, kw_only=True)
class QueuedRun(FromRow):
    """A waiting run: its place in the queue, what it waits for, and how long such runs usually work."""

    position: int
    run_id: UUID
    project_slug: str
    run_number: int
    kind: RunKind
    partition_key: str | None
    priority: int
    age: Seconds
    waits_for: str | None
    usual_duration: Seconds | None


EgressOutcome = Literal["refused", "caught", "open", "allowed", "reported"]
EgressProtocol = Literal["tcp", "udp", "dns", "http", "smtp"]


@dataclass(frozen=True, kw_only=True)
class EgressAttempt(FromRow):
    """What an environment tried to reach, and how that ended; destination, module and cron are what it said itself."""

    environment_id: UUID
    partition_key: str
    outcome: EgressOutcome
    destination: str
    address: str | None
    port: int | None
    protocol: EgressProtocol
    module: str | None
    cron: str | None
    attempts: int
    first_at: datetime
    last_at: datetime
    reason: str | None = None  # of the proxy
    bytes_out: int = 0  # through the proxy
    bytes_in: int = 0


@dataclass(frozen=True, kw_only=True)
class EgressMinute(EgressAttempt):
    """What an environment tried to reach in one minute."""

    id: int
    environment_name: str
    minute: datetime


@dataclass(frozen=True, kw_only=True)
class CaughtMail(FromRow):
    """A mail that an environment sent and nobody got."""

    id: UUID
    environment_id: UUID
    partition_key: str
    sender: str
    recipients: Sequence[str]
    subject: str
    size_bytes: int
    sha256: str
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class MailSource(FromRow):
    """A mail as it was sent, an .eml file in base64."""

    base64: str


ExceptionStatus = Literal["pending_review", "active", "expired", "revoked"]


@dataclass(frozen=True, kw_only=True)
class ExceptionStanding(FromRow):
    """An exception from a gate as it stands now, with the incident that broken glass opened."""

    exception_id: UUID
    project_slug: str
    release_id: UUID
    version: str
    gate_id: UUID
    gate_code: GateCode
    status: ExceptionStatus
    time_remaining: Seconds
    expires_at: datetime
    reason: str
    is_break_glass: bool
    requested_by: str
    granted_by: str | None
    granted_at: datetime | None
    revoked_by: str | None
    revoked_at: datetime | None
    created_at: datetime
    incident_id: UUID | None
    needs_review: bool


@dataclass(frozen=True, kw_only=True)
class LoggedLine(FromRow):
    """A line of a run's log; `id` rises with each line."""

    id: int
    run_id: UUID
    attempt: int
    timestamp: datetime
    level: LogLevel
    message: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FoundLines:
    """Lines of a run's log with a text, oldest first, of the part of the log that was looked through.

    The search goes on above `next_before_id`; None at the log's beginning.
    """

    lines: Sequence[LoggedLine]
    next_before_id: int | None

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> FoundLines:
        """Build from the rows of ops.search_run_logs, of which one without an id says only where to go on."""
        return cls(
            lines=[LoggedLine.from_row(row) for row in rows if row["id"] is not None],
            next_before_id=rows[0]["next_before_id"] if rows else None,
        )


@dataclass(frozen=True, kw_only=True)
class TrailEntry(FromRow):
    """Something on the record, as its row is; an event of a run has besides the text over which its hash is."""

    kind: str
    recorded_at: datetime
    entry: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RunEvent(FromRow):
    """A link of a run's chain of events."""

    id: int
    run_id: UUID
    seq: int
    attempt: int
    event_type: str
    message: str
    payload: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class RunCheck(FromRow):
    """The answer to one question about a run."""

    id: UUID
    run_id: UUID
    attempt: int
    name: str
    passed: bool
    blocking: bool
    summary: str
    metadata: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class RunArtifact(FromRow):
    """A file that a run left in the store."""

    id: UUID
    run_id: UUID
    attempt: int
    artifact_key: str
    s3_url: str
    sha256: str
    content_type: str
    size_bytes: int
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AssetVersion(FromRow):
    """What an asset of a run was made of."""

    project_slug: str
    partition_key: str | None
    asset_key: str
    run_number: int
    run_id: UUID
    attempt: int
    git_sha: str | None
    git_ref: str | None
    code_version: str | None
    data_version: str | None
    inputs: Mapping[str, Any]
    dagster_run_id: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class GateReading(FromRow):
    """A gate of a release: how it stands, why, and what counts for it."""

    project_id: UUID
    project_slug: str
    release_id: UUID
    version: str
    release_status: ReleaseStatus
    created_by: str
    created_at: datetime
    gate_id: UUID
    gate_code: GateCode
    status: GateStatus
    merit: GateStatus
    reason: str | None
    checks_total: int
    checks_passed: int
    checks_failed: int
    checks_skipped: int
    checks_missing: Sequence[str]
    quorum: int
    approvals: int
    rejections: int
    approvers: Sequence[str]
    exception_id: UUID | None
    exception_expires_at: datetime | None
    evidence_count: int
    deadline_at: datetime | None
    evaluated_at: datetime | None
    is_required: bool


@dataclass(frozen=True, kw_only=True)
class GateCheck(FromRow):
    """The answer to one question of a gate; the newest of each name counts."""

    id: UUID
    gate_id: UUID
    name: str
    status: CheckStatus
    summary: str
    source: str
    metadata: Mapping[str, Any]
    run_id: UUID | None
    deployment_id: UUID | None
    occurred_at: datetime
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class GateDecision(FromRow):
    """A person's decision on a gate."""

    id: UUID
    release_id: UUID
    gate_id: UUID
    gate_code: GateCode
    decision: Decision
    approver_id: str
    persona_role: str
    rationale_structured: Mapping[str, Any]
    release_author: str
    source: str
    signature: Mapping[str, Any] | None
    key_id: UUID | None
    occurred_at: datetime
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class EvidenceObject(FromRow):
    """A stored object that proves something of a release, a gate, a check or a run."""

    id: UUID
    kind: str
    s3_url: str
    sha256: str
    size_bytes: int
    content_type: str
    release_id: UUID | None
    gate_id: UUID | None
    check_id: UUID | None
    run_id: UUID | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class DowntimePhase(FromRow):
    """What a phase of a release's promotion takes: predicted by rehearsals, and as it was, in seconds."""

    release_id: UUID
    phase: str
    phase_number: int | None
    rehearsal_count: int
    median_seconds: float | None
    worst_seconds: float | None
    real_seconds: float | None
    deployment_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class UsualDuration(FromRow):
    """How long such runs usually work; None without a past."""

    usual_duration: Seconds | None


@dataclass(frozen=True, kw_only=True)
class Eligibility(FromRow):
    """Whether a release may go to staging and to production, and what it lacks first."""

    project_id: UUID
    project_slug: str
    release_id: UUID
    version: str
    release_status: ReleaseStatus
    created_at: datetime
    eligible_for_staging: bool
    staging_missing: str | None
    eligible_for_production: bool
    production_missing: str | None
    prepared_at: datetime | None
    prepared_by: str | None
    waits_for_go: bool | None


@dataclass(frozen=True, kw_only=True)
class Member(FromRow):
    """A member of a project and what the role allows."""

    project_id: UUID
    project_slug: str
    user_id: UUID
    role: MemberRole
    permissions: Sequence[str]
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Delivery(FromRow):
    """A delivery of an event and what came of it; a refused one too."""

    id: int
    received_at: datetime
    processing_status: ProcessingStatus
    http_status: int
    event_type: str | None
    source: str | None
    caller_id: str
    caller_role: str
    idempotency_key: str | None
    project_id: UUID | None
    release_id: UUID | None
    error: str | None
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class ChainVerdict(FromRow):
    """A chain of the audit trail: how many links it has, and the names of its broken ones."""

    chain: str
    links: int
    broken: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class PreviewRule(FromRow):
    """What odooops.yaml asks of a rule of policy preview, None for nothing, what holds, and what was cut of it."""

    rule: str
    asked: Any
    held: Any
    is_cut: bool
    detail: str | None


@dataclass(frozen=True, kw_only=True)
class BranchWithoutPreview(FromRow):
    """A branch whose pushes make no preview, with its newest commit."""

    branch: str
    sha: str
    seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class ProjectSetting(FromRow):
    """A key of odooops.yaml that was set for a project."""

    project_id: UUID
    key: str
    value: Any
    set_by: str
    set_at: datetime
