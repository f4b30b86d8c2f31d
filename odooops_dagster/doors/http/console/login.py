"""Sign in by a link that works once, act as another of one's personas, see as a member, sign out."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from starlette.responses import HTMLResponse

from odooops_dagster.doors.http.console.rendering import done, render
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import (
    STOP_SEEING,
    Posted,
    SignedIn,
    begin_session,
    cookie_name,
    is_secure,
    user_of,
)
from odooops_dagster.platform import Platform

router = pages()


@router.get("/login")
def show_login(request: Request, token: Annotated[str, Query(min_length=1, max_length=200)]) -> Response:
    """Show the button that uses a link: a program that only looks at links, such as a mail filter, uses up none."""
    host = request.headers["host"]  # the route has looked at it
    answer = HTMLResponse(render("login.html", token=token, host=host))
    # The form's Origin is needed, which no-referrer would blank; the address with the token goes nowhere.
    answer.headers["Referrer-Policy"] = "strict-origin"
    return answer


@router.post("/login")
def sign_in(request: Request, form: Posted) -> Response:
    """Begin the session of a link, and show the projects."""
    answer = done("/")
    begin_session(request, answer, form.get("token", ""))
    return answer


@router.post("/persona")
def choose_persona(visit: SignedIn, form: Posted) -> Response:
    """Act as another persona from here on."""
    platform: Platform = visit.request.app.state.platform
    platform.control.console.choose_persona(visit.session_sha256, form.get("persona", ""))
    place = form.get("back", "/")
    return done(place if place.startswith("/") and not place.startswith(("//", "/\\")) else "/")


@router.post("/projects/{slug}/see-as")
def see_as(visit: SignedIn, slug: str, form: Posted) -> Response:
    """See the project as one of its members does, until `stop_seeing`."""
    here = visit.of(slug)
    platform: Platform = visit.request.app.state.platform
    platform.control.console.see_as(visit.session_sha256, project_id=here.project.id, user_id=user_of(form))
    return done(f"/projects/{here.project.slug}")


@router.post(STOP_SEEING)
def stop_seeing(visit: SignedIn) -> Response:
    """Be oneself again."""
    platform: Platform = visit.request.app.state.platform
    platform.control.console.stop_seeing(visit.session_sha256)
    return done("/")


@router.post("/logout")
def sign_out(visit: SignedIn) -> Response:
    """End the session."""
    platform: Platform = visit.request.app.state.platform
    platform.control.console.sign_out(visit.session_sha256)
    answer = done("/")
    answer.delete_cookie(cookie_name(visit.request), httponly=True, samesite="lax", secure=is_secure(visit.request))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer
