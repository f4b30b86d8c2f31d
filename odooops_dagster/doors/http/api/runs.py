"""Runs: the queue, what each tells, cancel and retry."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from odooops_dagster.control.console import Step
from odooops_dagster.control.pages import RUNS
from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.paging import Page, page_of
from odooops_dagster.doors.http.api.parameters import Asked, IdempotencyKey, OfProject, project_id
from odooops_dagster.doors.http.api.problems import CHANGE
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.model import Run, RunKind, RunStatus
from odooops_dagster.model.readings import AssetVersion, LoggedLine, QueuedRun, RunArtifact, RunCheck, RunEvent, Seconds

router = noun_router("runs")


class NewRun(BaseModel):
    """The run that is asked for; without an environment it works on none."""

    project: str
    kind: RunKind
    environment: str | None = Field(None, description="The branch of the environment.")
    git_ref: str | None = Field(None, description="Such as refs/heads/feature/x.")
    git_sha: str | None = Field(None, description="The commit, in full.")
    priority: int = Field(0, ge=-1000, le=1000)
    config: dict[str, Any] = {}
    max_attempts: int = Field(3, ge=1, le=10)


class Cancellation(BaseModel):
    """Why a run is canceled."""

    reason: str | None = Field(None, max_length=2000)


class Outlook(BaseModel):
    """What is known of an unfinished run's future; nothing of one that has ended."""

    position: int | None = None
    waits_for: str | None = None
    usual_duration: Seconds | None = None
    expected_end: datetime | None = None


class Verdict(BaseModel):
    """Whether the chain of the run's events is intact."""

    intact: bool


@router.get("/v1/runs", operation_id="list_runs")
def list_runs(
    control: Control,
    asked: Asked,
    *,
    project: OfProject = None,
    status: RunStatus | None = None,
    kind: RunKind | None = None,
    number: Annotated[int | None, Query(ge=1, le=2**62, description="Its number in the project.")] = None,
) -> Page[Run]:
    """List the runs, newest first."""
    return page_of(
        control, RUNS, Run.from_row, asked, project_slug=project, status=status, kind=kind, run_number=number
    )


@router.get("/v1/queue", operation_id="list_queue")
def list_queue(control: Control) -> list[QueuedRun]:
    """List the waiting runs in the order of their turns, and why each waits."""
    return [QueuedRun.from_row(row) for row in control.runs.queued()]


@router.post("/v1/runs", operation_id="queue_run", status_code=201, responses=CHANGE)
def queue_run(control: Control, body: NewRun, idempotency_key: IdempotencyKey = None) -> Run:
    """Queue a run."""
    run_id = control.runs.queue(
        project_id(control, body.project),
        env=body.environment,
        git_sha=body.git_sha,
        ref=body.git_ref,
        kind=body.kind,
        trigger="api",
        priority=body.priority,
        idempotency_key=idempotency_key,
        config=body.config,
        max_attempts=body.max_attempts,
    )
    return control.runs.get(run_id)


@router.get("/v1/runs/{run_id}", operation_id="get_run")
def get_run(control: Control, run_id: UUID) -> Run:
    """Return a run."""
    return control.runs.get(run_id)


@router.get("/v1/runs/{run_id}/outlook", operation_id="get_run_outlook")
def get_run_outlook(control: Control, run_id: UUID) -> Outlook:
    """Return the place of a run in the queue, and when it may end."""
    return Outlook(**control.runs.outlook(control.runs.get(run_id)))


@router.get("/v1/runs/{run_id}/logs", operation_id="read_run_logs")
def read_run_logs(
    control: Control,
    run_id: UUID,
    after_id: Annotated[int, Query(ge=0, lt=2**63, description="The id of the last line that you have.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> list[LoggedLine]:
    """Return the lines of the run's log after one of them, oldest first."""
    run = control.runs.get(run_id)
    return [LoggedLine.from_row(row) for row in control.logs.tail(run.id, after_id=after_id, limit=limit)]


@router.get("/v1/runs/{run_id}/events", operation_id="list_run_events")
def list_run_events(control: Control, run_id: UUID) -> list[RunEvent]:
    """List the run's chain of events, oldest first."""
    return [RunEvent.from_row(row) for row in control.logs.events(control.runs.get(run_id).id)]


@router.get("/v1/runs/{run_id}/verification", operation_id="verify_run")
def verify_run(control: Control, run_id: UUID) -> Verdict:
    """Return whether the run's chain of events is intact."""
    return Verdict(intact=control.runs.verify_chain(control.runs.get(run_id).id))


@router.get("/v1/runs/{run_id}/checks", operation_id="list_run_checks")
def list_run_checks(control: Control, run_id: UUID) -> list[RunCheck]:
    """List the answers to the questions about the run."""
    return [RunCheck.from_row(row) for row in control.checks.list(control.runs.get(run_id).id)]


@router.get("/v1/runs/{run_id}/steps", operation_id="list_run_steps")
def list_run_steps(control: Control, run_id: UUID) -> list[Step]:
    """List the steps that the run has finished, in order, and how long each usually takes, in seconds."""
    return control.console.steps(control.runs.get(run_id).id)


@router.get("/v1/runs/{run_id}/artifacts", operation_id="list_run_artifacts")
def list_run_artifacts(control: Control, run_id: UUID) -> list[RunArtifact]:
    """List the files that the run left."""
    return [RunArtifact.from_row(row) for row in control.artifacts.list(control.runs.get(run_id).id)]


@router.get("/v1/runs/{run_id}/lineage", operation_id="list_run_lineage")
def list_run_lineage(control: Control, run_id: UUID) -> list[AssetVersion]:
    """List what the assets of the run were made of."""
    return [AssetVersion.from_row(row) for row in control.lineage.list(control.runs.get(run_id).id)]


@router.post("/v1/runs/{run_id}/cancel", operation_id="cancel_run", responses=CHANGE)
def cancel_run(control: Control, run_id: UUID, body: Cancellation) -> Run:
    """Cancel a waiting run, or ask a working one to end; a repeat changes nothing."""
    control.runs.cancel(run_id, reason=body.reason)
    return control.runs.get(run_id)


@router.post("/v1/runs/{run_id}/retry", operation_id="retry_run", status_code=201, responses=CHANGE)
def retry_run(control: Control, run_id: UUID, idempotency_key: IdempotencyKey = None) -> Run:
    """Queue an ended run again, as a new run that refers to it."""
    return control.runs.get(control.runs.retry(run_id, idempotency_key=idempotency_key))
