"""Pages from templates: what they may say, and how times, sizes and hostile text are written."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from odooops_dagster.doors.http.console.charts import bars
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model.checks import answer_of, question_of
from odooops_dagster.wording import age_text, ago_text, duration_text, size_text

if TYPE_CHECKING:
    from odooops_dagster.doors.http.console.session import ProjectVisit, Visit

# Escape sequences of terminals, control characters, and marks that reverse the order of text. Source: ECMA-48, UTS 55.
_HOSTILE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_NOTHING = "\N{EN DASH}"


def plain(value: object) -> object:
    """Return text without what is no text: a log's bytes are anybody's."""
    return _HOSTILE.sub("", value) if isinstance(value, str) and not isinstance(value, Markup) else value


def ago(moment: datetime | None) -> Markup | str:
    """Return how long ago the moment was, with the moment itself beside it; a dash without one."""
    if moment is None:
        return _NOTHING
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{:%Y-%m-%d %H:%M:%S} UTC">{}</time>').format(
        utc.isoformat(), utc, ago_text(datetime.now(UTC) - utc)
    )


def lasting(span: timedelta | float | None) -> str:
    """Return a readable duration, of seconds where it is a number; a dash without one."""
    if span is None:
        return _NOTHING
    return duration_text(span if isinstance(span, timedelta) else timedelta(seconds=float(span)))


def size(size_bytes: int | None) -> str:
    """Return a readable size; a dash without one."""
    return _NOTHING if size_bytes is None else size_text(int(size_bytes))


_TEMPLATES = Environment(
    loader=PackageLoader("odooops_dagster.doors.http.console"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    finalize=plain,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"ago": ago, "lasting": lasting, "size": size, "age": age_text, "json": json.dumps}
_TEMPLATES.globals |= {"bars": bars, "question": question_of, "answer": answer_of}


def render(template: str, **values: object) -> str:
    """Return a fragment of a page."""
    return _TEMPLATES.get_template(template).render(**values)


def page(here: Visit | ProjectVisit, template: str, **values: object) -> HTMLResponse:
    """Return a page for the signed-in person; about a project, with the project and what may be done in it."""
    visit = here.visit
    given = {"project": here.project, "may": here.permissions, "session": visit.session, "path": visit.request.url.path}
    return HTMLResponse(render(template, **given, **values))


def error_page(request: Request, status: int, exc: OdooOpsError) -> HTMLResponse:
    """Return the page that says what is wrong and what to do, as the database said it."""
    back = request.headers.get("referer") if request.method == "POST" else None
    provider = request.app.state.platform.settings.oidc_issuer
    text = render("error.html", status=status, message=str(exc), hint=exc.hint, back=back, provider=provider)
    return HTMLResponse(text, status_code=status, headers=dict(getattr(exc, "headers", {})))


def done(path: str) -> RedirectResponse:
    """Return the answer to a form that did what it asked for: the page that shows it."""
    return RedirectResponse(path, status_code=303)
