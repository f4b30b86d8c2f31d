"""Who is signed in: the cookie, the session behind it, and the control plane as that person sees it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, ClassVar
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Depends, Request, Response

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.console import Identity, Session
from odooops_dagster.doors.http.api.callers import admitted
from odooops_dagster.doors.http.body import read_body
from odooops_dagster.doors.http.rates import STRANGERS
from odooops_dagster.errors import BadInput, Forbidden, Unauthenticated
from odooops_dagster.model import Project
from odooops_dagster.platform import Platform

_FORM_BYTES = 64 * 1024
_TOKEN_BYTES = 32
# As long as a session lasts at most; the database ends it, the browser only forgets.
_COOKIE_SECONDS = 7 * 24 * 3600
_READING = frozenset({"GET", "HEAD"})
# What a session that sees as another may still send.
STOP_SEEING = "/see-as/stop"
_STOPPING = frozenset({STOP_SEEING, "/logout"})


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request of a signed-in person."""

    request: Request
    session: Session
    control: ControlPlane
    session_sha256: str = field(repr=False)

    # What a page about a project has besides.
    project: ClassVar[None] = None
    permissions: ClassVar[frozenset[str]] = frozenset()

    @property
    def visit(self) -> Visit:
        """The visit itself, as of one about a project."""
        return self

    def of(self, slug: str) -> ProjectVisit:
        """Return the project as the person sees it."""
        return ProjectVisit(visit=self, project=self.control.projects.get(slug))


@dataclass(frozen=True, kw_only=True)
class ProjectVisit:
    """One request about a project."""

    visit: Visit
    project: Project

    @property
    def control(self) -> ControlPlane:
        """The control plane as the person sees it."""
        return self.visit.control

    @cached_property
    def permissions(self) -> frozenset[str]:
        """What the person may do in the project, as the database says."""
        return self.control.console.permissions(self.project.id)


def sha256_of(token: str) -> str:
    """Return the hash under which the database knows a link's token or a cookie."""
    return hashlib.sha256(token.encode()).hexdigest()


def cookie_name(request: Request) -> str:
    """Return the name of the cookie: on https one that no other host and no plain page can set. Source: RFC 6265bis."""
    return "__Host-odooops-console" if is_secure(request) else "odooops-console"


def is_secure(request: Request) -> bool:
    """Return whether the browser came over https, so that a cookie may be kept to it."""
    return request.url.scheme == "https"


def begin_session(request: Request, response: Response, known: str | Identity) -> None:
    """Begin the session of a link's token or of an invited person, and give the browser its cookie.

    Raises:
        Unauthenticated: the link was used, is too old, or is none.
        Forbidden: the person is not invited.
        TooManyRequests: those whom nobody knows asked too often.
    """
    platform: Platform = request.app.state.platform
    console, cookie = platform.control.console, secrets.token_urlsafe(_TOKEN_BYTES)
    hashed = sha256_of(cookie)
    if isinstance(known, Identity):
        admitted(request, response, STRANGERS, lambda: console.sign_in_invited(known, session_sha256=hashed))
    else:
        link = sha256_of(known)
        admitted(request, response, STRANGERS, lambda: console.use_link(link_sha256=link, session_sha256=hashed))
    response.set_cookie(
        cookie_name(request),
        cookie,
        max_age=_COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )


def signed_in(request: Request, response: Response) -> Visit:
    """Return the visit of the person whose cookie the request brings.

    Raises:
        Unauthenticated: nobody is signed in.
        Forbidden: the request would change something, and the session sees as another.
        TooManyRequests: the session, or those whom nobody knows, asked too often.
    """
    token = request.cookies.get(cookie_name(request), "")
    if not token:
        raise Unauthenticated("Nobody is signed in", hint="make a link: ops console")
    platform: Platform = request.app.state.platform
    hashed = sha256_of(token)
    session = admitted(request, response, hashed, lambda: platform.control.console.authenticate(hashed))
    is_reading = request.method in _READING
    if session.seen_as is not None and not is_reading and request.url.path not in _STOPPING:
        raise Forbidden("Whoever sees as another changes nothing", hint="stop seeing as another first")
    control = platform.acting(session.caller, is_read_only=is_reading or session.seen_as is not None)
    return Visit(request=request, session=session, control=control, session_sha256=hashed)


async def posted(request: Request) -> Mapping[str, str]:
    """Return the fields of a posted form, stripped; of a field that comes twice the last."""
    body = await read_body(request, limit=_FORM_BYTES)
    return {name: value.strip() for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)}


def user_of(form: Mapping[str, str]) -> UUID:
    """Return the user whom the form names.

    Raises:
        BadInput: it names none.
    """
    try:
        return UUID(form.get("user", ""))
    except ValueError as exc:
        raise BadInput("No user is named", hint="give the user's id, a UUID") from exc


# The parameters of routes.
SignedIn = Annotated[Visit, Depends(signed_in)]
Posted = Annotated[Mapping[str, str], Depends(posted)]
