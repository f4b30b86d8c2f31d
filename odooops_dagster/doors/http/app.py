"""The gateway's application: routes and error responses."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http import events, github, health, metrics
from odooops_dagster.doors.http.api import (
    artifacts,
    automation,
    backups,
    environments,
    exceptions,
    logs,
    messages,
    preparations,
    projects,
    records,
    releases,
    runs,
    variables,
)
from odooops_dagster.doors.http.api.cross_origin import CrossOrigin
from odooops_dagster.doors.http.api.problems import malformed, refusal, unrouted, with_problem
from odooops_dagster.doors.http.api.tokens import Tokens
from odooops_dagster.doors.http.body import slots
from odooops_dagster.doors.http.console import ROUTERS as CONSOLE
from odooops_dagster.doors.http.errors import status_of
from odooops_dagster.doors.http.rates import Rates
from odooops_dagster.doors.http.tails import Tails
from odooops_dagster.doors.http.webhooks import forge
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.plain_log import get_logger
from odooops_dagster.platform import Platform
from odooops_dagster.settings import Settings

log = get_logger(__name__)

# In collections of the middle generation; two pages of the console bring one about.
_OLD_OBJECTS_ARE_COLLECTED_AFTER = 1_000

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_API = (
    *(projects, environments, variables, automation, runs, logs, artifacts, backups),
    *(releases, preparations, exceptions, records, messages),
)


def create_app(settings: Settings | None = None, control: ControlPlane | None = None) -> FastAPI:
    """Return the gateway; `uvicorn --factory odooops_dagster.doors.http.app:create_app` serves it."""
    platform = Platform(settings, job="gateway", control=control)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # What was made until here stays until the end. The collector would look at all of it again each time that some
        # pages have passed: 100 ms in which nobody is answered. What the first pages make stays too, so that all else
        # is looked at once in some thousand pages: each time takes 50 ms and frees next to nothing.
        gc.freeze()
        young, older, _ = thresholds = gc.get_threshold()
        gc.set_threshold(young, older, _OLD_OBJECTS_ARE_COLLECTED_AFTER)
        yield
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        platform.close()

    # Its pages of documentation would load scripts from elsewhere; /openapi.json describes the same.
    app = FastAPI(title="OdooOps gateway", version=version("odooops"), lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.platform = platform
    app.state.large_bodies = slots()
    app.state.event_rates = Rates(per_minute=platform.settings.events_per_minute)
    app.state.request_rates = Rates(per_minute=platform.settings.requests_per_minute)
    app.state.tokens = Tokens(platform.settings.supabase_url, secret=platform.settings.supabase_jwt_secret)
    if origins := platform.settings.api_origins.split():
        app.add_middleware(CrossOrigin, origins=origins)
    app.add_exception_handler(OdooOpsError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_malformed)
    app.add_exception_handler(HTTPException, _answer_unrouted)
    app.include_router(health.router)
    app.include_router(github.router)
    app.include_router(forge.router)
    app.include_router(events.router)
    app.include_router(metrics.router)
    for noun in _API:
        app.include_router(noun.router)
    app.state.tails = Tails()
    for pages in CONSOLE:
        app.include_router(pages, include_in_schema=False)
    described = app.openapi
    app.openapi = lambda: app.openapi_schema or with_problem(described())  # type: ignore[method-assign]
    return app


async def _answer_error(request: Request, exc: Exception) -> JSONResponse:
    status = status_of(exc)
    log.warning("request_refused", path=request.url.path, status=status, reason=str(exc))
    if _is_of_api(request) and isinstance(exc, OdooOpsError):
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if status == 401 else {}
        return refusal(status, exc, challenge | dict(getattr(exc, "headers", {})))
    return JSONResponse(
        {"error": str(exc), "hint": getattr(exc, "hint", None)},
        status_code=status,
        headers=getattr(exc, "headers", None),
    )


async def _answer_malformed(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101 - it is registered for these only
    return malformed(exc) if _is_of_api(request) else await request_validation_exception_handler(request, exc)


async def _answer_unrouted(request: Request, exc: Exception) -> Response:
    """Answer a request that no route takes, or whose body is no JSON; say which methods the path takes."""
    assert isinstance(exc, HTTPException)  # noqa: S101 - it is registered for these only
    headers = dict(exc.headers or {})
    if exc.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods_of(request)))
        exc = HTTPException(exc.status_code, exc.detail, headers)
    if _is_of_api(request):
        return unrouted(exc.status_code, str(exc.detail), headers)
    return await http_exception_handler(request, exc)


def _methods_of(request: Request) -> set[str]:
    """Return the methods of every route of the path; Starlette knows those of the first one only."""
    scopes = [{**request.scope, "method": method} for method in _METHODS]
    return {
        scope["method"]
        for scope in scopes
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    }


def _is_of_api(request: Request) -> bool:
    """Return whether the request is to a noun of the API, and not a delivery of an event."""
    return request.url.path.startswith("/v1/") and (request.method, request.url.path) != ("POST", "/v1/events")
