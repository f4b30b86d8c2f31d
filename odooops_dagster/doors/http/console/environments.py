"""One environment: what serves, who stopped it, what it tried to reach, the mails that nobody got."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from fastapi import Response
from starlette.responses import HTMLResponse

from odooops_dagster.control.pages import RUNS_OF_PROJECT
from odooops_dagster.doors.http.console.rendering import done, page
from odooops_dagster.doors.http.console.routes import FRAMED, pages
from odooops_dagster.doors.http.console.session import Posted, ProjectVisit, SignedIn
from odooops_dagster.doors.mails import attachment_names, body_of, parsed_mail
from odooops_dagster.errors import BadInput, NotFound
from odooops_dagster.model import Environment, Run, RunKind
from odooops_dagster.model.readings import CaughtMail

_LISTED = 20

router = pages()


@router.get("/projects/{slug}/environments/{name:path}/show")
def show_environment(visit: SignedIn, slug: str, name: str) -> Response:
    """Show an environment: how it is and why, its newest runs, its connections and mails."""
    here = visit.of(slug)
    environment = _environment(here, name)
    runs = here.control.pages.read(RUNS_OF_PROJECT, limit=_LISTED, environment_id=environment.id)
    stops = here.control.pages.read(RUNS_OF_PROJECT, limit=1, environment_id=environment.id, kind="stop")
    return page(
        here,
        "environment.html",
        environment=environment,
        images=here.control.images.of_build(slug, environment.image_digest) if environment.image_digest else [],
        base=_base(here, environment),
        actions=here.control.environments.explain(environment.id) if environment.status != "destroyed" else [],
        runs=[Run.from_row(row) for row in runs],
        stopped_by=Run.from_row(stops[0]) if stops and environment.status == "stopped" else None,
        events=here.control.environments.events(environment.id),
        attempts=here.control.egress.attempts(environment.id)[:_LISTED],
        mails=here.control.egress.mails(environment.id)[:_LISTED],
    )


@router.post("/projects/{slug}/environments/{name:path}/act")
def act_on_environment(visit: SignedIn, slug: str, name: str, form: Posted) -> Response:
    """Stop, start, pin or unpin an environment."""
    here = visit.of(slug)
    environment = _environment(here, name)
    action = form.get("action", "")
    if action in ("pin", "unpin"):
        here.control.environments.pin(environment.id, is_pinned=action == "pin")
        return done(f"{_base(here, environment)}/show")
    if action not in ("stop", "start"):
        raise BadInput("No action is named", hint="stop, start, pin or unpin")
    if action == "stop" and environment.stage == "production" and form.get("confirm") != environment.name:
        raise BadInput("The environment's name is not typed", hint=f"type {environment.name} to stop production")
    run_id = here.control.runs.queue(
        here.project.id,
        env=environment.name,
        git_sha=environment.deployed_sha,
        ref=f"refs/heads/{environment.branch}",
        kind=cast("RunKind", action),
        trigger="api",
    )
    return done(f"/projects/{here.project.slug}/runs/{here.control.runs.get(run_id).run_number}")


@router.get("/projects/{slug}/environments/{name:path}/mails/{mail_id}")
def show_mail(visit: SignedIn, slug: str, name: str, mail_id: UUID) -> Response:
    """Show a mail that the environment sent and nobody got."""
    here = visit.of(slug)
    environment = _environment(here, name)
    mail = _mail(here, environment, mail_id)
    parsed = parsed_mail(here.control.egress.source(mail.id))
    return page(
        here,
        "mail.html",
        environment=environment,
        base=_base(here, environment),
        mail=mail,
        text=body_of(parsed, "plain"),
        has_html=body_of(parsed, "html") is not None,
        attachments=attachment_names(parsed),
    )


@router.get("/projects/{slug}/environments/{name:path}/mails/{mail_id}/html")
def show_mail_html(visit: SignedIn, slug: str, name: str, mail_id: UUID) -> Response:
    """Return the mail's HTML, for a frame in which nothing runs."""
    here = visit.of(slug)
    mail = _mail(here, _environment(here, name), mail_id)
    html = body_of(parsed_mail(here.control.egress.source(mail.id)), "html") or ""
    return HTMLResponse(html, headers=FRAMED)


def _environment(here: ProjectVisit, name: str) -> Environment:
    return here.control.environments.get(f"{here.project.slug}/{name}")


def _mail(here: ProjectVisit, environment: Environment, mail_id: UUID) -> CaughtMail:
    found = [each for each in here.control.egress.mails(environment.id) if each.id == mail_id]
    if not found:
        raise NotFound("There is no such mail", hint="open the environment's page again")
    return found[0]


def _base(here: ProjectVisit, environment: Environment) -> str:
    return f"/projects/{here.project.slug}/environments/{environment.name}"
