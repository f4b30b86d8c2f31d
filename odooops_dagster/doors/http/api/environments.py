"""Environments of branches."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from odooops_dagster.control.pages import EGRESS, ENVIRONMENTS
from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.paging import Page, page_of
from odooops_dagster.doors.http.api.parameters import Asked, OfProject, id_of, project_id
from odooops_dagster.doors.http.api.problems import CHANGE
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.model import Environment, Stage
from odooops_dagster.model.readings import CaughtMail, EgressAttempt, EgressMinute, EgressOutcome, MailSource

router = noun_router("environments")


class NewEnvironment(BaseModel):
    """The environment that is asked for; its stage follows from the branch where none is named."""

    project: str
    branch: str = Field(min_length=1, max_length=200)
    stage: Stage | None = None


class Pin(BaseModel):
    """Whether an environment runs on though nobody asks for it."""

    is_pinned: bool


@router.get("/v1/environments", operation_id="list_environments")
def list_environments(
    control: Control, asked: Asked, project: OfProject = None, branch: str | None = None, stage: Stage | None = None
) -> Page[Environment]:
    """List the environments, destroyed ones too, by their partition key from the last."""
    return page_of(control, ENVIRONMENTS, Environment.from_row, asked, project_slug=project, branch=branch, stage=stage)


@router.post("/v1/environments", operation_id="ensure_environment", status_code=201, responses=CHANGE)
def ensure_environment(control: Control, body: NewEnvironment) -> Environment:
    """Return the branch's environment; make one where there is none."""
    return control.environments.ensure(project_id(control, body.project), branch=body.branch, stage=body.stage)


@router.get("/v1/environments/{environment_id}", operation_id="get_environment")
def get_environment(control: Control, environment_id: UUID) -> Environment:
    """Return an environment."""
    return control.environments.by_id(environment_id)


@router.post("/v1/environments/{environment_id}/pin", operation_id="pin_environment", responses=CHANGE)
def pin_environment(control: Control, environment_id: UUID, body: Pin) -> Environment:
    """Let an environment run on though nobody asks for it, or not; runs of kind stop and start stop and start it."""
    return control.environments.pin(environment_id, is_pinned=body.is_pinned)


@router.get("/v1/egress", operation_id="list_egress_attempts")
def list_egress_attempts(
    control: Control,
    asked: Asked,
    *,
    project: OfProject = None,
    environment_id: UUID | None = None,
    outcome: EgressOutcome | None = None,
    destination: Annotated[str | None, Query(max_length=300)] = None,
) -> Page[EgressMinute]:
    """List what environments tried to reach, minute by minute, the newest first."""
    return page_of(
        control,
        EGRESS,
        EgressMinute.from_row,
        asked,
        project_id=id_of(control, project),
        environment_id=environment_id,
        outcome=outcome,
        destination=destination,
    )


@router.get("/v1/environments/{environment_id}/egress", operation_id="list_egress")
def list_egress(control: Control, environment_id: UUID) -> list[EgressAttempt]:
    """List what an environment tried to reach, the last first."""
    return control.egress.attempts(environment_id)


@router.get("/v1/environments/{environment_id}/mails", operation_id="list_mails")
def list_mails(control: Control, environment_id: UUID) -> list[CaughtMail]:
    """List the mails that an environment sent and nobody got, the newest first."""
    return control.egress.mails(environment_id)


@router.get("/v1/mails/{mail_id}/source", operation_id="get_mail_source")
def get_mail_source(control: Control, mail_id: UUID) -> MailSource:
    """Return a mail as it was sent."""
    return MailSource(base64=b64encode(control.egress.source(mail_id)).decode())
