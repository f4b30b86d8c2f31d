"""Promotions that are tried on a copy of production, made ready, and wait for a person to say go."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, Field

from odooops_dagster.control.pages import REHEARSALS
from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.paging import Page, page_of
from odooops_dagster.doors.http.api.parameters import Asked, OfProject, id_of
from odooops_dagster.doors.http.api.problems import CHANGE
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.model import Run
from odooops_dagster.model.releases import Deployment, Rehearsal, Release

router = noun_router("releases")


class Go(BaseModel):
    """Why a person says go."""

    reason: str | None = Field(None, max_length=2000)


@router.get("/v1/rehearsals", operation_id="list_rehearsals")
def list_rehearsals(
    control: Control,
    asked: Asked,
    *,
    project: OfProject = None,
    release_id: UUID | None = None,
    run_id: UUID | None = None,
) -> Page[Rehearsal]:
    """List the rehearsals of promotions, newest first."""
    return page_of(
        control,
        REHEARSALS,
        Rehearsal.from_row,
        asked,
        project_id=id_of(control, project),
        release_id=release_id,
        run_id=run_id,
    )


@router.post("/v1/releases/{release_id}/rehearsals", operation_id="rehearse_release", status_code=201, responses=CHANGE)
def rehearse_release(control: Control, release_id: UUID) -> Run:
    """Queue a rehearsal of the release's promotion to production, or return the run of an unfinished one."""
    return control.runs.get(control.rehearsals.ask(release_id))


@router.post("/v1/releases/{release_id}/preparation", operation_id="prepare_promotion", responses=CHANGE)
def prepare_promotion(control: Control, release_id: UUID) -> Release:
    """Prepare the release's promotion to production; a repeat prepares it with what is there now."""
    return control.rehearsals.prepare(release_id)


@router.post("/v1/releases/{release_id}/go", operation_id="promote_prepared", status_code=201, responses=CHANGE)
def promote_prepared(control: Control, release_id: UUID, body: Go) -> Deployment:
    """Say go to the prepared promotion, or return the deployment that is in progress; 409 if anything changed since."""
    return control.deployments.promote_prepared(release_id, reason=body.reason)
