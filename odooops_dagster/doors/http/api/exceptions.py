"""Exceptions from gates: who asked that one is waived, who granted it, and until when it counts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from odooops_dagster.control.pages import EXCEPTIONS
from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.paging import Page, page_of
from odooops_dagster.doors.http.api.parameters import Asked, KeyOfRelease, OfProject, id_of
from odooops_dagster.doors.http.api.problems import CHANGE
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.model.readings import ExceptionStanding, ExceptionStatus
from odooops_dagster.model.releases import GateCode, GateException

router = noun_router("exceptions")


class NewException(BaseModel):
    """The exception that is asked for; it waives nothing until somebody else grants it."""

    gate_code: GateCode
    reason: str = Field(max_length=2000)
    expires_at: datetime = Field(description="When it ends; policy `promotion.exception_max_hours` says how late.")


class BrokenGlass(BaseModel):
    """The gate that is waived in an emergency, for the minutes of policy `promotion.break_glass_minutes`."""

    gate_code: GateCode
    reason: str = Field(max_length=2000)


@router.get("/v1/exceptions", operation_id="list_exceptions")
def list_exceptions(
    control: Control,
    asked: Asked,
    *,
    project: OfProject = None,
    release_id: UUID | None = None,
    status: ExceptionStatus | None = None,
) -> Page[ExceptionStanding]:
    """List the exceptions as they stand now, newest first."""
    return page_of(
        control,
        EXCEPTIONS,
        ExceptionStanding.from_row,
        asked,
        project_id=id_of(control, project),
        release_id=release_id,
        status=status,
    )


@router.get("/v1/exceptions/{exception_id}", operation_id="get_exception")
def get_exception(control: Control, exception_id: UUID) -> GateException:
    """Return an exception."""
    return control.gates.exception(exception_id)


@router.post(
    "/v1/releases/{release_id}/exceptions", operation_id="request_exception", status_code=201, responses=CHANGE
)
def request_exception(
    control: Control, release_id: UUID, body: NewException, idempotency_key: KeyOfRelease = None
) -> GateException:
    """Ask that a gate of the release is waived for a time."""
    return control.gates.request_exception(
        release_id,
        gate_code=body.gate_code,
        reason=body.reason,
        expires_at=body.expires_at,
        idempotency_key=idempotency_key,
    )


@router.post("/v1/exceptions/{exception_id}/grant", operation_id="grant_exception", responses=CHANGE)
def grant_exception(control: Control, exception_id: UUID) -> GateException:
    """Grant the exception, as the person that the caller is: not who asked for it, nor the release's author."""
    return control.gates.grant_exception(exception_id)


@router.post("/v1/exceptions/{exception_id}/revoke", operation_id="revoke_exception", responses=CHANGE)
def revoke_exception(control: Control, exception_id: UUID) -> GateException:
    """End the exception, or refuse one that was only asked for."""
    return control.gates.revoke_exception(exception_id)


@router.post("/v1/releases/{release_id}/broken-glass", operation_id="break_glass", status_code=201, responses=CHANGE)
def break_glass(
    control: Control, release_id: UUID, body: BrokenGlass, idempotency_key: KeyOfRelease = None
) -> GateException:
    """Waive a gate at once and for a short time, alone; it lifts a freeze for the release and opens an incident."""
    return control.gates.break_glass(
        release_id, gate_code=body.gate_code, reason=body.reason, idempotency_key=idempotency_key
    )
