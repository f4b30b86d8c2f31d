"""Values of releases, gates, deployments and incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from odooops_dagster.model import FromRow, Stage

ReleaseStatus = Literal["candidate", "staging", "released", "rolled_back", "withdrawn"]
GateCode = Literal["G1", "G2", "G3", "G4"]
GateStatus = Literal["pending", "passed", "failed", "bypassed", "inconclusive"]
CheckStatus = Literal["passed", "failed", "skipped"]
Decision = Literal["approved", "rejected"]
DeploymentStatus = Literal["pending", "running", "succeeded", "failed"]
Severity = Literal["minor", "major", "critical"]
ProcessingStatus = Literal["accepted", "duplicate", "rejected"]
Persona = Literal["ci_service_role", "qa_tester", "release_manager", "sre", "developer", "audit_reader"]
EventType = Literal["build_complete", "gate_signoff", "deployment_event", "health_check", "environment_event"]
PolicyType = Literal[
    "gates", "promotion", "ttl", "backup", "retention", "clone", "preview", "limits", "egress", "images"
]


@dataclass(frozen=True, kw_only=True)
class Release(FromRow):
    """An immutable release: a version, the commit of every repository, and one image."""

    id: UUID
    project_id: UUID
    version: str
    status: ReleaseStatus
    git_shas: Mapping[str, str]
    image_digest: str
    created_by: str
    run_id: UUID | None
    notes: str | None
    created_at: datetime
    withdrawn_at: datetime | None
    git_ref: str | None = None  # the branch or tag whose push made it
    lock_digest: str | None = None  # of the Python packages
    prepared_at: datetime | None = None  # since when its promotion waits for a person to say go
    prepared_by: str | None = None
    prepared_digest: str | None = None  # of what was shown then


@dataclass(frozen=True, kw_only=True)
class Gate(FromRow):
    """The current state of a gate; `merit` ignores exceptions, `reason` is what decided the status."""

    gate_id: UUID
    release_id: UUID
    version: str
    gate_code: GateCode
    status: GateStatus
    merit: GateStatus
    reason: str | None
    deadline_at: datetime | None
    exception_id: UUID | None
    exception_reason: str | None
    granted_by: str | None
    expires_at: datetime | None
    is_break_glass: bool | None
    required_checks: Sequence[str]
    quorum: int
    is_required: bool = True
    window_seconds: int | None = None
    evaluated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Requirement(FromRow):
    """One requirement of a promotion, and whether it is met."""

    requirement: str
    is_met: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class GateException(FromRow):
    """A waiver of a gate by a named person until a time; without `granted_at` it is only requested."""

    id: UUID
    release_id: UUID
    gate_code: GateCode
    reason: str
    is_break_glass: bool
    requested_by: str
    granted_by: str | None
    granted_at: datetime | None
    expires_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Deployment(FromRow):
    """A deployment of a release to a stage; `g4_status` is the result of its health checks."""

    id: UUID
    project_id: UUID
    release_id: UUID
    environment_id: UUID | None
    stage: Stage
    status: DeploymentStatus
    image_digest: str
    git_shas: Mapping[str, str]
    backup_id: UUID | None
    no_backup_reason: str | None
    rollback_of: UUID | None
    reason: str | None
    run_id: UUID | None
    requested_by: str
    g4_status: GateStatus
    g4_deadline_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    with_data: bool = False  # a rollback to the data of before
    database_name: str | None = None
    previous_database_name: str | None = None  # kept for the way back
    keep_previous_until: datetime | None = None
    decision_due_at: datetime | None = None  # when its code goes back unless a person keeps it
    kept_by: str | None = None
    kept_at: datetime | None = None
    kept_reason: str | None = None
    phases: Mapping[str, float] = field(default_factory=dict)  # seconds by phase


@dataclass(frozen=True, kw_only=True)
class Rehearsal(FromRow):
    """A promotion tried on a copy of production; `passed` is None while it is tried, `phases` are seconds."""

    id: UUID
    project_id: UUID
    release_id: UUID
    environment_id: UUID
    run_id: UUID
    backup_id: UUID | None
    shown_digest: str
    phases: Mapping[str, float]
    passed: bool | None
    summary: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class WayBack(FromRow):
    """A way back from a deployment, and the minutes of work that it loses."""

    way: Literal["code", "code and data"]
    is_possible: bool
    version: str | None
    lost_minutes: int | None
    detail: str


@dataclass(frozen=True, kw_only=True)
class Incident(FromRow):
    """An incident, the persons who opened and resolved it, and its resolution."""

    id: UUID
    project_id: UUID | None  # None for an incident of the platform itself
    deployment_id: UUID | None
    exception_id: UUID | None
    severity: Severity
    status: str
    title: str
    description: str
    opened_by: str
    opened_at: datetime
    resolved_by: str | None
    resolved_at: datetime | None
    resolution: str | None
    key: str | None = None  # the key of an alarm


@dataclass(frozen=True, kw_only=True)
class EventAnswer(FromRow):
    """The result of an event delivery; `field` is the invalid field of a rejected one."""

    http_status: int
    status: ProcessingStatus
    message: str
    ids: Mapping[str, Any]
    field: str | None = None
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class EventKey(FromRow):
    """A key of a machine: as whom it acts, what it may send and do, and when it was last used."""

    key_id: UUID
    prefix: str
    name: str
    status: Literal["active", "expired", "revoked"]
    persona: Persona | None  # None for a member's key
    event_types: Sequence[EventType]
    project_id: UUID | None  # None for every project
    project_slug: str | None
    approver_id: str | None  # the person as whom it signs off
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    rotated_from: UUID | None
    revoked_by: str | None
    revoked_at: datetime | None
    user_id: UUID | None = None  # the member as whom it calls the API
    scopes: Sequence[str] = ()  # the permissions that it may use in the API; none: it only sends events


@dataclass(frozen=True, kw_only=True)
class NewEventKey(FromRow):
    """A key that was just made; nothing shows it again."""

    key_id: UUID
    key: str = field(repr=False)
