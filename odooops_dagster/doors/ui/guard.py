"""The login in front of the Dagster UI.

Dagster's webserver asks nobody who they are, and executes what comes by GET: any page that an operator opens, and any
program on the machine, could start every job. The guard lets a request through only if it is sent to one of the UI's
own names, by the UI's own pages, in a session that began with a link of ours.
"""

from __future__ import annotations

from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from odooops_dagster.doors.origins import SHARED_HOSTS, address_at, comes_from_elsewhere, host_of, is_navigation
from odooops_dagster.doors.ui.pages import refusal_page
from odooops_dagster.home import UI_HOST
from odooops_dagster.local.logins import PERSON_HEADER, SESSION_SECONDS, Logins

COOKIE = "odooops-session"
PROXY_HEADER = "X-OdooOps-Proxy"
HEALTH = "/healthz"
LOGIN = "/login"
_HOW = "run `ops ui` and open the link that it prints"


class Guard:
    """An ASGI application that answers for another one unless it may be asked."""

    def __init__(self, app: ASGIApp, *, logins: Logins, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._logins = logins
        self._hosts = frozenset({UI_HOST, *(host.casefold() for host in hosts)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        person = self._proxied(Headers(scope=scope)) or self._in_session(Headers(scope=scope))
        answer = self._answer(scope, person)
        if answer is None:
            await self._app(_as_person(scope, str(person)), receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
        else:
            await answer(scope, receive, send)

    def _answer(self, scope: Scope, person: str | None) -> Response | None:
        """Return our own answer; None if the request may pass."""
        if scope["path"] == HEALTH and scope["type"] == "http":
            return PlainTextResponse("ok")
        return (
            self._wrong_host(scope)
            or self._from_elsewhere(scope)
            or self._login(scope)
            or _without_person(scope, person)
            or _dangerous_form(scope)
        )

    def _wrong_host(self, scope: Scope) -> Response | None:
        """Refuse names of others, which a page of theirs can point to this machine (DNS rebinding)."""
        host = host_of(scope)
        if host in self._hosts:
            return None
        if host in SHARED_HOSTS and is_navigation(scope):
            return RedirectResponse(address_at(scope, UI_HOST))
        return _refusal(scope, 421, f"this is the Dagster UI of {UI_HOST}, not of {host or 'a request without host'}")

    def _from_elsewhere(self, scope: Scope) -> Response | None:
        """Refuse what a page of somebody else sends; a link to here may be followed."""
        if not comes_from_elsewhere(scope):
            return None
        return _refusal(scope, 403, "a page of another site may not use the Dagster UI")

    def _login(self, scope: Scope) -> Response | None:
        if scope["type"] != "http" or scope["path"] != LOGIN:
            return None
        person = self._logins.use_link(QueryParams(scope["query_string"]).get("token", ""))
        if person is None:
            return _refusal(scope, 401, f"this link was used or is too old: {_HOW}")
        answer = RedirectResponse("/", status_code=303)
        is_secure = scope["scheme"] == "https"
        session = self._logins.session(person)
        answer.set_cookie(COOKIE, session, max_age=SESSION_SECONDS, httponly=True, samesite="strict", secure=is_secure)
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    def _in_session(self, headers: Headers) -> str | None:
        session = _cookie(headers)
        return self._logins.person_of(session) if session else None

    def _proxied(self, headers: Headers) -> str | None:
        """Return the person whom a proxy in front names, if it proves itself with its secret."""
        word = headers.get(PROXY_HEADER)
        return headers.get(PERSON_HEADER) if word and self._logins.is_proxy(word) else None


def _without_person(scope: Scope, person: str | None) -> Response | None:
    return None if person else _refusal(scope, 401, f"nobody is logged in: {_HOW}")


def _dangerous_form(scope: Scope) -> Response | None:
    """Refuse a question to Dagster in a form that a page of another site can send without being asked.

    Of a body of JSON Dagster reads nothing else: its pages name the operation in the address.
    """
    if scope["type"] != "http" or not scope["path"].rstrip("/").endswith("/graphql"):
        return None
    if scope["method"] != "POST":
        return _refusal(scope, 405, "GraphQL is asked by POST")
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        return _refusal(scope, 415, "GraphQL is asked in a body of type application/json")
    return None


def _as_person(scope: Scope, person: str) -> Scope:
    """Return the request with the person's name in the header that the coordinator reads, and without ours."""
    changed = {**scope, "headers": list(scope["headers"])}
    headers = MutableHeaders(scope=changed)
    for name in (PERSON_HEADER, PROXY_HEADER):
        del headers[name]
    headers[PERSON_HEADER] = person
    return changed


def _cookie(headers: Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def _refusal(scope: Scope, status: int, reason: str) -> Response:
    if "text/html" in Headers(scope=scope).get("accept", ""):
        return refusal_page(status, reason)
    return JSONResponse({"error": reason, "hint": _HOW}, status_code=status)
