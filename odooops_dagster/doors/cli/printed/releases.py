"""What commands print of releases, gates, exceptions and deployments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from odooops_dagster.model.readings import (
    DowntimePhase,
    Eligibility,
    EvidenceObject,
    GateCheck,
    GateDecision,
    GateReading,
)
from odooops_dagster.model.releases import Deployment, Gate, GateCode, GateStatus, Rehearsal, Release, Requirement
from odooops_dagster.tools.bundle.verify import Fault


@dataclass(frozen=True, kw_only=True)
class ListedRelease(Release):
    """A release with how its gates stand."""

    G1: GateStatus
    G2: GateStatus
    G3: GateStatus
    G4: GateStatus


@dataclass(frozen=True, kw_only=True)
class AuthoredEligibility(Eligibility):
    """Where a release may go, and who made it."""

    created_by: str = ""  # not through a server


@dataclass(frozen=True, kw_only=True)
class ReleasePage(Release):
    """A release with all that decides where it may go; `shown` is the digest of what its approvers are shown."""

    shown: str
    gates: Sequence[GateReading]
    deployments: Sequence[Deployment]
    eligibility: AuthoredEligibility
    downtime: Sequence[DowntimePhase]


@dataclass(frozen=True, kw_only=True)
class PromotionAnswer:
    """Whether a release may go to a place, and each thing that this needs."""

    is_eligible: bool
    requirements: Sequence[Requirement]


@dataclass(frozen=True, kw_only=True)
class QueuedDeployment(Deployment):
    """A deployment with its run, as project#number."""

    run: str


@dataclass(frozen=True, kw_only=True)
class RehearsedRelease:
    """The run of a rehearsal, what came of it, and the downtime that is predicted by now."""

    run: str
    release: str
    rehearsal: Rehearsal | None
    downtime: Sequence[DowntimePhase]


@dataclass(frozen=True, kw_only=True)
class WrittenBundle:
    """A file with all that is known of a release; `left_out` names what could not be put into it."""

    file: str
    sha256: str
    size_bytes: int
    parts: int
    left_out: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class BundleVerdict:
    """What the verification of a bundle found; `quorums` says of a gate whether its signatures are there and true."""

    release: str | None
    parts: int
    key_id: str | None
    is_key_given: bool
    gates: Mapping[str, str]
    quorums: Mapping[str, bool]
    left_out: Sequence[str]
    faults: Sequence[Fault]
    is_intact: bool


@dataclass(frozen=True, kw_only=True)
class BundleKey:
    """The public key by which bundles are verified, in PEM."""

    key_id: str
    public_key: str


@dataclass(frozen=True, kw_only=True)
class ListedGate(Gate):
    """A gate with its project's slug; `gate` is its code."""

    project: str | None
    gate: GateCode


@dataclass(frozen=True, kw_only=True)
class GatePage(GateReading):
    """A gate with all that decided it."""

    checks: Sequence[GateCheck]
    decisions: Sequence[GateDecision]
    evidence: Sequence[EvidenceObject]


@dataclass(frozen=True, kw_only=True)
class ListedException:
    """An exception as it stands now, with the incident that breaking the glass opened.

    A server leaves out the project's id and the incident's status.
    """

    project_id: UUID | None = None
    project_slug: str
    exception_id: UUID
    release_id: UUID
    version: str
    gate_id: UUID
    gate_code: GateCode
    status: Literal["pending_review", "active", "expired", "revoked"]
    time_remaining: timedelta
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
    incident_status: str | None = None
    needs_review: bool
