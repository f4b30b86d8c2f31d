"""The gateway's application: routes and error responses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http import events, github, health
from odooops_dagster.doors.http.body import slots
from odooops_dagster.doors.http.errors import Refused
from odooops_dagster.doors.http.rates import Rates
from odooops_dagster.errors import BadInput, Conflict, Forbidden, NotFound, OdooOpsError, Unavailable
from odooops_dagster.platform import Platform
from odooops_dagster.settings import Settings

log = structlog.get_logger(__name__)

# The first class that matches gives the status.
_STATUS: tuple[tuple[type[OdooOpsError], int], ...] = (
    (BadInput, 400),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Unavailable, 503),
)


def create_app(settings: Settings | None = None, control: ControlPlane | None = None) -> FastAPI:
    """Return the gateway; `uvicorn --factory odooops_dagster.doors.http.app:create_app` serves it."""
    platform = Platform(settings, job="gateway", control=control)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        platform.close()

    # Its pages of documentation would load scripts from elsewhere; /openapi.json describes the same.
    app = FastAPI(title="OdooOps gateway", version=version("odooops"), lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.platform = platform
    app.state.large_bodies = slots()
    app.state.event_rates = Rates(per_minute=platform.settings.events_per_minute)
    app.add_exception_handler(OdooOpsError, _answer_error)
    app.include_router(health.router)
    app.include_router(github.router)
    app.include_router(events.router)
    return app


async def _answer_error(request: Request, exc: Exception) -> JSONResponse:
    status = _status_of(exc)
    log.warning("request_refused", path=request.url.path, status=status, reason=str(exc))
    return JSONResponse(
        {"error": str(exc), "hint": getattr(exc, "hint", None)},
        status_code=status,
        headers=getattr(exc, "headers", None),
    )


def _status_of(exc: Exception) -> int:
    if isinstance(exc, Refused):
        return exc.status
    return next((status for error, status in _STATUS if isinstance(exc, error)), 500)
