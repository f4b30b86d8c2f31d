"""Releases, their gates, and where they go."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from odooops_dagster.control.pages import DEPLOYMENTS, RELEASES
from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.paging import Page, page_of
from odooops_dagster.doors.http.api.parameters import Asked, KeyOfDeployment, OfProject, id_of, project_id
from odooops_dagster.doors.http.api.problems import CHANGE
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.model.readings import (
    DowntimePhase,
    Eligibility,
    EvidenceObject,
    GateCheck,
    GateDecision,
    GateReading,
)
from odooops_dagster.model.releases import Decision, Deployment, Gate, GateCode, Release, Requirement, WayBack

router = noun_router("releases")


class ReleaseOfBuild(BaseModel):
    """The release that is made of a build: by default the newest one of the default branch."""

    project: str
    version: str | None = Field(None, max_length=200)
    run_id: UUID | None = None


class SignOff(BaseModel):
    """A person's decision on a gate; `shown` is the digest of what the person was shown."""

    decision: Decision
    rationale: dict[str, Any] = {}
    shown: str | None = Field(None, max_length=200)
    signature: dict[str, Any] | None = None


class Promotion(BaseModel):
    """Where a release goes, and why."""

    target: str = Field("production", description="production, staging, or an environment's name.")
    reason: str | None = Field(None, max_length=2000)


class WayTaken(BaseModel):
    """Why a deployment is taken back, and whether the data of before come back too: what was written since is lost."""

    reason: str = Field(max_length=2000)
    with_data: bool = False


class WordForIt(BaseModel):
    """What the person saw who lets a deployment stay."""

    reason: str = Field(max_length=2000)


class Shown(BaseModel):
    """The digest of all that the release's approvers are shown now."""

    shown: str


@router.get("/v1/releases", operation_id="list_releases")
def list_releases(
    control: Control, asked: Asked, project: OfProject = None, version: str | None = Query(None, max_length=200)
) -> Page[Release]:
    """List the releases, newest first."""
    return page_of(control, RELEASES, Release.from_row, asked, project_id=id_of(control, project), version=version)


@router.post("/v1/releases", operation_id="release_build", status_code=201, responses=CHANGE)
def release_build(control: Control, body: ReleaseOfBuild) -> Release:
    """Make a release of a build, or return the one that is the same."""
    return control.releases.of_build(project_id(control, body.project), version=body.version, run_id=body.run_id)


@router.get("/v1/releases/{release_id}", operation_id="get_release")
def get_release(control: Control, release_id: UUID) -> Release:
    """Return a release."""
    return control.releases.by_id(release_id)


@router.get("/v1/releases/{release_id}/eligibility", operation_id="get_eligibility")
def get_eligibility(control: Control, release_id: UUID) -> Eligibility:
    """Return whether the release may go to staging and to production now, and what it lacks first."""
    return Eligibility.from_row(control.releases.eligibility(release_id))


@router.get("/v1/releases/{release_id}/requirements", operation_id="explain_promotion")
def explain_promotion(
    control: Control, release_id: UUID, target: str = Query("production", max_length=200)
) -> list[Requirement]:
    """Return every requirement of a promotion, whether it is met, and by what."""
    return control.releases.explain(release_id, target_env=target)


@router.get("/v1/releases/{release_id}/shown", operation_id="get_shown_digest")
def get_shown_digest(control: Control, release_id: UUID) -> Shown:
    """Return the digest that an approver sends as `shown`."""
    return Shown(shown=control.releases.shown_digest(control.releases.by_id(release_id).id))


@router.get("/v1/releases/{release_id}/gates", operation_id="list_gates")
def list_gates(control: Control, release_id: UUID) -> list[GateReading]:
    """List the four gates of the release: how each stands, and why."""
    release = control.releases.by_id(release_id)
    return [GateReading.from_row(row) for row in control.gates.summary(release.id)]


@router.get("/v1/releases/{release_id}/gate-states", operation_id="list_gate_states")
def list_gate_states(control: Control, release_id: UUID) -> list[Gate]:
    """List what each of the four gates asks for, and what waives it."""
    return control.gates.list(control.releases.by_id(release_id).id)


@router.get("/v1/releases/{release_id}/downtime", operation_id="get_downtime")
def get_downtime(control: Control, release_id: UUID) -> list[DowntimePhase]:
    """Return what each phase of the release's promotion takes, predicted and as it was."""
    rows = control.rehearsals.downtime(control.releases.by_id(release_id).id)
    return [DowntimePhase.from_row(row) for row in rows]


@router.get("/v1/gates/{gate_id}/checks", operation_id="list_gate_checks")
def list_gate_checks(control: Control, gate_id: UUID) -> list[GateCheck]:
    """List the answers to the gate's questions, oldest first; none of a gate that the caller may not see."""
    return [GateCheck.from_row(row) for row in control.gates.checks(gate_id)]


@router.get("/v1/gates/{gate_id}/decisions", operation_id="list_gate_decisions")
def list_gate_decisions(control: Control, gate_id: UUID) -> list[GateDecision]:
    """List the decisions on the gate, oldest first; none of a gate that the caller may not see."""
    return [GateDecision.from_row(row) for row in control.gates.decisions(gate_id)]


@router.get("/v1/gates/{gate_id}/evidence", operation_id="list_gate_evidence")
def list_gate_evidence(control: Control, gate_id: UUID) -> list[EvidenceObject]:
    """List the evidence of the gate, oldest first; none of a gate that the caller may not see."""
    return [EvidenceObject.from_row(row) for row in control.gates.evidence(gate_id)]


@router.post("/v1/releases/{release_id}/gates/{gate_code}/decisions", operation_id="sign_off_gate", responses=CHANGE)
def sign_off_gate(control: Control, release_id: UUID, gate_code: GateCode, body: SignOff) -> GateReading:
    """Approve or reject gate G2 or G3, as the person that the caller is, and return how the gate stands."""
    control.gates.sign_off(
        release_id,
        gate_code=gate_code,
        decision=body.decision,
        rationale=body.rationale,
        shown=body.shown,
        signature=body.signature,
    )
    rows = control.gates.summary(release_id)
    return next(GateReading.from_row(row) for row in rows if row["gate_code"] == gate_code)


@router.post("/v1/releases/{release_id}/promotions", operation_id="promote_release", status_code=201, responses=CHANGE)
def promote_release(control: Control, release_id: UUID, body: Promotion) -> Deployment:
    """Promote the release, or return the deployment that is in progress."""
    return control.deployments.promote(release_id, target_env=body.target, reason=body.reason)


@router.get("/v1/deployments", operation_id="list_deployments")
def list_deployments(
    control: Control, asked: Asked, project: OfProject = None, release_id: UUID | None = None
) -> Page[Deployment]:
    """List the deployments and rollbacks, newest first."""
    return page_of(
        control, DEPLOYMENTS, Deployment.from_row, asked, project_id=id_of(control, project), release_id=release_id
    )


@router.get("/v1/deployments/{deployment_id}", operation_id="get_deployment")
def get_deployment(control: Control, deployment_id: UUID) -> Deployment:
    """Return a deployment."""
    return control.deployments.get(deployment_id)


@router.get("/v1/deployments/{deployment_id}/ways-back", operation_id="explain_rollback")
def explain_rollback(control: Control, deployment_id: UUID) -> list[WayBack]:
    """List the ways back from the deployment, possible or not, and the minutes of work that each loses."""
    return control.deployments.ways_back(deployment_id)


@router.post(
    "/v1/deployments/{deployment_id}/rollback", operation_id="rollback_deployment", status_code=201, responses=CHANGE
)
def rollback_deployment(
    control: Control, deployment_id: UUID, body: WayTaken, idempotency_key: KeyOfDeployment = None
) -> Deployment:
    """Go back to the release before this deployment, the newest of its place, or return the rollback at work."""
    return control.deployments.rollback(
        deployment_id, reason=body.reason, with_data=body.with_data, idempotency_key=idempotency_key
    )


@router.post("/v1/deployments/{deployment_id}/keep", operation_id="keep_deployment", responses=CHANGE)
def keep_deployment(control: Control, deployment_id: UUID, body: WordForIt) -> Deployment:
    """Keep a deployment whose health is inconclusive: gate G4 passes by the caller's word, and nothing goes back."""
    return control.deployments.keep(deployment_id, reason=body.reason)
