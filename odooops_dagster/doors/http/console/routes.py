"""What every page of the console has in common: to which name it answers, whom it believes, and its headers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse

from odooops_dagster.doors.http.console.rendering import error_page
from odooops_dagster.doors.http.errors import Refused, status_of
from odooops_dagster.doors.origins import (
    SHARED_HOSTS,
    address_at,
    comes_from_elsewhere,
    host_of,
    is_known_to_come_from_here,
    is_navigation,
)
from odooops_dagster.errors import NotFound, OdooOpsError
from odooops_dagster.home import CONSOLE_HOST
from odooops_dagster.plain_log import get_logger
from odooops_dagster.platform import Platform

log = get_logger(__name__)

# Nothing is loaded from elsewhere, nothing inline runs or styles, and no page of others shows ours. Referrers go to our
# own pages only, which also keeps the Origin header of forms.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Of what others wrote, in a frame of one of our pages: nothing in it runs, loads or leads anywhere; it has no origin.
FRAMED = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
    )
}
_READING = frozenset({"GET", "HEAD"})


class WrongHost(Refused):
    """The request is sent to a name that is not the console's."""

    status = 421


class FromElsewhere(Refused):
    """A page of another site sends the request."""

    status = 403


class ConsoleRoute(APIRoute):
    """A route that looks at whom a request is sent to and comes from, before anything else, and answers with pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of a request."""
        handle = super().get_route_handler()

        async def handle_guarded(request: Request) -> Response:
            try:
                response = _redirected(request) or await handle(_believed(request))
            except RequestValidationError:
                response = error_page(request, 404, NotFound("There is no such page"))
            except OdooOpsError as exc:
                log.warning("page_refused", path=request.url.path, status=status_of(exc), reason=str(exc))
                response = error_page(request, status_of(exc), exc)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return handle_guarded


def pages() -> APIRouter:
    """Return a router for pages."""
    return APIRouter(route_class=ConsoleRoute)


def _redirected(request: Request) -> Response | None:
    """Lead a person who opens the machine's own name to the console's, which previews do not share."""
    host = host_of(request.scope)
    if host in _hosts(request):
        return None
    if host in SHARED_HOSTS and is_navigation(request.scope):
        return RedirectResponse(address_at(request.scope, CONSOLE_HOST))
    raise WrongHost(
        f"This is the console of {CONSOLE_HOST}, not of {host or 'a request without host'}",
        hint="set ODOOOPS_CONSOLE_HOST to the name that people use",
    )


def _believed(request: Request) -> Request:
    """Return the request, unless another site's page sends it; what changes something has to come from our own."""
    scope = request.scope
    if comes_from_elsewhere(scope) or (request.method not in _READING and not is_known_to_come_from_here(scope)):
        raise FromElsewhere("Only the console's own pages may ask this", hint="open the page again, and press there")
    return request


def _hosts(request: Request) -> frozenset[str]:
    platform: Platform = request.app.state.platform
    name = platform.settings.console_host
    return frozenset({CONSOLE_HOST, *([name.casefold()] if name else [])})
