"""Releases: how the four gates of each stand and why, sign-off, exceptions, and where it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast, get_args

from fastapi import Query, Response

from odooops_dagster.control.pages import ELIGIBILITY, HISTORY
from odooops_dagster.doors.http.api.paging import page_of, page_query
from odooops_dagster.doors.http.console.rendering import done, page
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import Posted, ProjectVisit, SignedIn
from odooops_dagster.errors import BadInput
from odooops_dagster.model.releases import Decision, GateCode, Release

_LISTED = 20
# Releases of a page: what each lacks takes the database some milliseconds.
_EXPLAINED = 10
_MEANING = {
    "G1": "the build is good",
    "G2": "somebody tried it on staging",
    "G3": "somebody answers for the release",
    "G4": "production is healthy with it",
}
# The permission of each gate that people sign off.
_SIGNED = {"G2": "sign_off_g2", "G3": "sign_off_g3"}
_LONGEST_HOURS = 24 * 30

router = pages()


@router.get("/projects/{slug}/releases")
def show_releases(visit: SignedIn, slug: str, after: Annotated[str | None, Query(max_length=500)] = None) -> Response:
    """Show the project's releases, newest first, and what each lacks for production."""
    here = visit.of(slug)
    asked = page_query(limit=_EXPLAINED, after=after)
    found = page_of(here.control, ELIGIBILITY, dict, asked, project_id=here.project.id)
    deployments = here.control.pages.read(HISTORY, limit=_LISTED, project_id=here.project.id)
    return page(here, "releases.html", releases=found.items, next=found.next, deployments=deployments)


@router.post("/projects/{slug}/releases")
def release_build(visit: SignedIn, slug: str, form: Posted) -> Response:
    """Make a release of the default branch's newest build."""
    here = visit.of(slug)
    made = here.control.releases.of_build(here.project.id, version=form.get("version") or None)
    return done(_path(here, made))


@router.get("/projects/{slug}/releases/{version:path}/show")
def show_release(visit: SignedIn, slug: str, version: str) -> Response:
    """Show a release: every requirement of its promotion, its gates, who decided what by which evidence."""
    here = visit.of(slug)
    release = here.control.releases.get(here.project.id, version=version)
    return page(here, "release.html", base=_base(here, release), **_about(here, release))


@router.post("/projects/{slug}/releases/{version:path}/gates/{gate_code}")
def sign_off(visit: SignedIn, slug: str, version: str, gate_code: GateCode, form: Posted) -> Response:
    """Approve or reject a gate as the person who is signed in, on what the person was shown."""
    here = visit.of(slug)
    release = here.control.releases.get(here.project.id, version=version)
    if form.get("decision") not in get_args(Decision):
        raise BadInput("No decision is named", hint="approve or reject")
    if not form.get("reason"):
        raise BadInput("A decision has a reason", hint="say what you looked at")
    here.control.gates.sign_off(
        release.id,
        gate_code=gate_code,
        decision=cast("Decision", form["decision"]),
        rationale={"reason": form["reason"]},
        shown=form.get("shown") or None,
    )
    return done(_path(here, release))


@router.post("/projects/{slug}/releases/{version:path}/promotions")
def promote(visit: SignedIn, slug: str, version: str, form: Posted) -> Response:
    """Promote the release, and show the run that does it."""
    here = visit.of(slug)
    release = here.control.releases.get(here.project.id, version=version)
    target = form.get("target", "")
    if target not in ("staging", "production"):
        raise BadInput("No target is named", hint="promote to staging or to production")
    if target == "production" and form.get("confirm") != here.project.slug:
        raise BadInput("The project's name is not typed", hint=f"type {here.project.slug} to promote to production")
    reason = form.get("reason") or None
    if target == "production" and form.get("prepared"):
        made = here.control.deployments.promote_prepared(release.id, reason=reason)
    else:
        made = here.control.deployments.promote(release.id, target_env=target, reason=reason)
    if made.run_id is None:
        return done(_path(here, release))
    return done(f"/projects/{here.project.slug}/runs/{here.control.runs.get(made.run_id).run_number}")


@router.post("/projects/{slug}/releases/{version:path}/exceptions")
def request_exception(visit: SignedIn, slug: str, version: str, form: Posted) -> Response:
    """Request an exception for a gate."""
    here = visit.of(slug)
    release = here.control.releases.get(here.project.id, version=version)
    if form.get("gate") not in get_args(GateCode) or not form.get("reason"):
        raise BadInput("An exception has a gate and a reason", hint="name both")
    hours = int(form["hours"]) if form.get("hours", "").isdecimal() else 0
    if not 1 <= hours <= _LONGEST_HOURS:
        raise BadInput("An exception ends", hint=f"give 1 to {_LONGEST_HOURS} hours")
    here.control.gates.request_exception(
        release.id,
        gate_code=cast("GateCode", form["gate"]),
        reason=form["reason"],
        expires_at=datetime.now(UTC) + timedelta(hours=hours),
    )
    return done(_path(here, release))


@router.post("/projects/{slug}/releases/{version:path}/exceptions/decide")
def decide_exception(visit: SignedIn, slug: str, version: str, form: Posted) -> Response:
    """Grant or revoke an exception of the release."""
    here = visit.of(slug)
    release = here.control.releases.get(here.project.id, version=version)
    asked = {str(each.id): each for each in here.control.gates.exceptions(release.id)}
    found = asked.get(form.get("exception", ""))
    if found is None or form.get("do") not in ("grant", "revoke"):
        raise BadInput("No exception of this release is named", hint="open the page again")
    gates = here.control.gates
    (gates.grant_exception if form["do"] == "grant" else gates.revoke_exception)(found.id)
    return done(_path(here, release))


def _about(here: ProjectVisit, release: Release) -> dict[str, Any]:
    control = here.control
    return {
        "release": release,
        "meaning": _MEANING,
        "waits_for_go": control.releases.eligibility(release.id)["waits_for_go"],
        "requirements": {
            stage: control.releases.explain(release.id, target_env=stage) for stage in ("staging", "production")
        },
        "gates": [
            (
                gate,
                control.gates.checks(gate["gate_id"]),
                control.gates.decisions(gate["gate_id"]),
                control.gates.evidence(gate["gate_id"]),
                _SIGNED.get(gate["gate_code"]),
            )
            for gate in control.gates.summary(release.id)
        ],
        "exceptions": [
            row for row in control.gates.exception_statuses(here.project.id) if row["release_id"] == release.id
        ],
        "shown": control.releases.shown_digest(release.id),
        "run": control.runs.get(release.run_id) if release.run_id else None,
        "deployments": control.deployments.list(here.project.id, release_id=release.id),
        "downtime": control.rehearsals.downtime(release.id),
    }


def _base(here: ProjectVisit, release: Release) -> str:
    return f"/projects/{here.project.slug}/releases/{release.version}"


def _path(here: ProjectVisit, release: Release) -> str:
    return f"{_base(here, release)}/show"
