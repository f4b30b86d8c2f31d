"""GET /healthz: the process is alive. GET /readyz: it can do its work."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.wiring import control_plane
from odooops_dagster.errors import OdooOpsError

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """Whether the gateway can accept deliveries, and if not, the reason and the fix."""

    status: Literal["ready", "not ready"]
    reason: str | None = None
    hint: str | None = None


@router.get("/healthz")
def healthz() -> Alive:
    """Answer while the process is alive; check nothing else."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness}})
def readyz(response: Response, control: Annotated[ControlPlane, Depends(control_plane)]) -> Readiness:
    """Answer 200 if the database answers, and lets the gateway store deliveries."""
    try:
        control.pushes.require_receiver()
    except OdooOpsError as exc:
        response.status_code = 503
        return Readiness(status="not ready", reason=str(exc), hint=exc.hint)
    return Readiness(status="ready")
