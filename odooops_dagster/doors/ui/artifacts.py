"""Artifacts of runs, such as Odoo's whole log, for who is logged in at the Dagster UI."""

from __future__ import annotations

import re
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from odooops_dagster.doors.artifacts import artifact_answer
from odooops_dagster.errors import NotFound, OdooOpsError
from odooops_dagster.platform import Platform

_PATH = re.compile(r"/artifacts/(?P<run>[0-9a-f-]{36})/(?P<name>[^/]+)")


class Artifacts:
    """An ASGI application that answers for artifacts and passes everything else on."""

    def __init__(self, app: ASGIApp, *, platform: Platform) -> None:
        self._app = app
        self._platform = platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the file, or pass the request on."""
        found = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        answer = await run_in_threadpool(self._answer, found["run"], found["name"])
        await answer(scope, receive, send)

    def _answer(self, run: str, name: str) -> Response:
        try:
            return artifact_answer(self._platform.control, self._platform.store, UUID(run), name)
        except ValueError:
            return PlainTextResponse("no such run", status_code=404)
        except NotFound as exc:
            return PlainTextResponse(str(exc), status_code=404)
        except OdooOpsError as exc:
            return PlainTextResponse(f"{exc}; read it with: ops run artifact", status_code=503)
