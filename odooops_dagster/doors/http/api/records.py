"""What is on the record: incidents, deliveries of events, the audit trail's chains, and who the caller is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, Field, TypeAdapter
from starlette.responses import StreamingResponse

from odooops_dagster.control.caller import Caller
from odooops_dagster.control.pages import DELIVERIES, INCIDENTS
from odooops_dagster.doors.http.api.callers import Control, who_calls
from odooops_dagster.doors.http.api.paging import Page, page_of
from odooops_dagster.doors.http.api.parameters import Asked, OfProject, id_of, project_id
from odooops_dagster.doors.http.api.problems import CHANGE
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.doors.http.streams import in_blocks
from odooops_dagster.model.readings import ChainVerdict, Delivery, TrailEntry
from odooops_dagster.model.releases import Incident, ProcessingStatus, Severity

router = noun_router("records")

_ENTRY = TypeAdapter(TrailEntry)


class NewIncident(BaseModel):
    """The incident that is opened."""

    project: str
    title: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=10_000)
    severity: Severity = "major"
    deployment_id: UUID | None = None


class Resolution(BaseModel):
    """How an incident ended."""

    resolution: str = Field(min_length=1, max_length=10_000)


class Identity(BaseModel):
    """As whom the caller acts; `key` is what a key may at most, null for a person's token."""

    role: str
    subject: str | None
    key: dict[str, Any] | None


@router.get("/v1/me", operation_id="get_caller")
def get_caller(caller: Annotated[Caller, Depends(who_calls)]) -> Identity:
    """Return as whom the caller acts."""
    return Identity(role=caller.role, subject=caller.claims.get("sub"), key=caller.claims.get("odooops_key"))


@router.get("/v1/incidents", operation_id="list_incidents")
def list_incidents(
    control: Control, asked: Asked, project: OfProject = None, status: Literal["open", "resolved"] | None = None
) -> Page[Incident]:
    """List the incidents and alarms, newest first."""
    return page_of(control, INCIDENTS, Incident.from_row, asked, project_id=id_of(control, project), status=status)


@router.post("/v1/incidents", operation_id="open_incident", status_code=201, responses=CHANGE)
def open_incident(control: Control, body: NewIncident) -> Incident:
    """Open an incident."""
    return control.incidents.open(
        project_id(control, body.project),
        title=body.title,
        description=body.description,
        severity=body.severity,
        deployment_id=body.deployment_id,
    )


@router.get("/v1/incidents/{incident_id}", operation_id="get_incident")
def get_incident(control: Control, incident_id: UUID) -> Incident:
    """Return an incident."""
    return control.incidents.get(incident_id)


@router.post("/v1/incidents/{incident_id}/resolve", operation_id="resolve_incident", responses=CHANGE)
def resolve_incident(control: Control, incident_id: UUID, body: Resolution) -> Incident:
    """Resolve an incident."""
    return control.incidents.resolve(incident_id, resolution=body.resolution)


@router.get("/v1/events", operation_id="list_events")
def list_events(
    control: Control, asked: Asked, project: OfProject = None, status: ProcessingStatus | None = None
) -> Page[Delivery]:
    """List the deliveries of events, newest first, refused ones too."""
    return page_of(
        control, DELIVERIES, Delivery.from_row, asked, project_id=id_of(control, project), processing_status=status
    )


@router.get("/v1/audit/chains", operation_id="verify_chains")
def verify_chains(control: Control, project: OfProject = None) -> list[ChainVerdict]:
    """Verify the chains of the audit trail, of one project or of all."""
    return [ChainVerdict.from_row(row) for row in control.audit.verify(id_of(control, project))]


@router.get("/v1/audit/trail", operation_id="export_audit_trail", response_model=list[TrailEntry])
def export_audit_trail(control: Control, response: Response, project: OfProject = None) -> Response:
    """Return everything on the record, of one project or of all, oldest first."""
    trail = control.audit.trail(id_of(control, project))
    return StreamingResponse(in_blocks(_array(trail)), media_type="application/json", headers=response.headers)


def _array(trail: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the entries as one array of JSON; what ends before its bracket is none."""
    yield "["
    for number, row in enumerate(trail):
        yield "," if number else ""
        yield _ENTRY.dump_json(TrailEntry.from_row(row)).decode()
    yield "]"
