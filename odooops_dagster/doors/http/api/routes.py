"""What the routes of every noun have in common: what they may answer, and how much a request may bring."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from odooops_dagster.doors.http.api.problems import ANY
from odooops_dagster.doors.http.body import read_body

# No request of the API is larger by far; PostgreSQL would refuse what is.
MAX_BODY_BYTES = 1024**2


class NounRoute(APIRoute):
    """A route that reads bodies up to a limit: FastAPI reads them whole, before it asks who calls."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of a request."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_limited(request: Request) -> Response:
            body = await read_body(request, limit=MAX_BODY_BYTES)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return handle_limited


def noun_router(noun: str) -> APIRouter:
    """Return a router for the routes of a noun."""
    return APIRouter(tags=[noun], responses=ANY, route_class=NounRoute)
