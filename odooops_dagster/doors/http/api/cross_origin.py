"""Which pages of other origins may call the API from a browser: those that the operator lists, and without cookies."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = "/v1/"
_METHODS = ("GET", "POST", "PUT", "DELETE")
_ASKED = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match")
_TOLD = ("ETag", "RateLimit", "RateLimit-Policy", "Retry-After")
# How long a browser remembers what it may send.
_REMEMBERED_SECONDS = 600


class CrossOrigin:
    """An ASGI application that tells browsers which origins may read the API; the console and webhooks stay closed.

    A caller is known by a header that a page sets itself: no cookie is ever taken, so that no page acts for its reader
    unasked.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=_METHODS,
            allow_headers=_ASKED,
            expose_headers=_TOLD,
            allow_credentials=False,
            max_age=_REMEMBERED_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the API with the headers of its origins, and pass everything else on."""
        is_of_api = scope["type"] == "http" and scope["path"].startswith(_PREFIX) and scope["path"] != "/v1/events"
        await (self._shared if is_of_api else self._app)(scope, receive, send)
