"""Who may do what in a project: its members and policies, and for auditors the keys and sessions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from fastapi import Response

from odooops_dagster.control.pages import MEMBERS
from odooops_dagster.doors.http.console.rendering import done, page
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import Posted, ProjectVisit, SignedIn, user_of
from odooops_dagster.errors import BadInput
from odooops_dagster.model.readings import MemberRole
from odooops_dagster.model.releases import PolicyType

_MOST = 500
_LONGEST_DAYS = 365
# How long a key works beside its successor.
_OVERLAP = timedelta(hours=1)

router = pages()


@router.get("/projects/{slug}/access")
def show_access(visit: SignedIn, slug: str) -> Response:
    """Show the project's members and the rules that hold, and for auditors keys and sessions."""
    here = visit.of(slug)
    is_auditor = visit.session.persona == "audit_reader"
    reads_members = visit.session.persona in (None, "audit_reader")
    members = here.control.pages.read(MEMBERS, limit=_MOST, project_slug=here.project.slug) if reads_members else None
    return page(
        here,
        "access.html",
        members=members,
        roles=get_args(MemberRole),
        policies={kind: _in_force(here, kind) for kind in get_args(PolicyType)},
        rules=here.control.policies.rules(),
        previews=here.control.policies.explain_preview(here.project.id),
        keys=here.control.keys.list(here.project.id) if is_auditor else None,
        own_keys=here.control.keys.of_members(here.project.id) if visit.session.persona is None else None,
        sessions=here.control.console.sessions() if is_auditor else None,
        sees_as=is_auditor or "manage" in here.permissions,
    )


@router.post("/projects/{slug}/members")
def set_member(visit: SignedIn, slug: str, form: Posted) -> Response:
    """Add a member, or change a member's role."""
    here = visit.of(slug)
    here.control.members.set(here.project.id, user_of(form), form.get("role", ""))
    return _shown(here)


@router.post("/projects/{slug}/members/remove")
def remove_member(visit: SignedIn, slug: str, form: Posted) -> Response:
    """Remove a member."""
    here = visit.of(slug)
    here.control.members.remove(here.project.id, user_of(form))
    return _shown(here)


@router.post("/projects/{slug}/policies/{kind}")
def set_policy(visit: SignedIn, slug: str, kind: PolicyType, form: Posted) -> Response:
    """Set the rules that the form changes; one that is as for all projects is not the project's own any more."""
    here = visit.of(slug)
    shown = _json(form.get("shown", ""), "the page")
    asked = {name: _value(name, form[name], shown[name]) for name in shown if name in form}
    for_all = here.control.policies.get(None, policy_type=kind)
    changed = {name: value for name, value in asked.items() if value != shown[name]}
    own = {**here.control.policies.own(here.project.id).get(kind, {}), **changed}
    rules = {name: value for name, value in own.items() if value != for_all.get(name)}
    here.control.policies.set(here.project.id, policy_type=kind, rules=rules, read=shown)
    return _shown(here)


@router.post("/projects/{slug}/keys")
def create_key(visit: SignedIn, slug: str, form: Posted) -> Response:
    """Make a key that calls the API as the member, and show it this once."""
    here = visit.of(slug)
    scopes = [name for name in sorted(here.permissions) if form.get(f"scope-{name}")]
    made = here.control.keys.create_own(
        here.project.id, form.get("name", ""), scopes=scopes, expires_at=datetime.now(UTC) + _days(form)
    )
    return page(here, "key.html", key=made.key, days=_days(form).days)


@router.post("/projects/{slug}/keys/rotate")
def rotate_key(visit: SignedIn, slug: str, form: Posted) -> Response:
    """Make a successor of one of the member's keys, and show it this once."""
    here = visit.of(slug)
    days = _days(form)
    made = here.control.keys.rotate_own(form.get("key", ""), expires_at=datetime.now(UTC) + days, overlap=_OVERLAP)
    return page(here, "key.html", key=made.key, days=days.days)


@router.post("/projects/{slug}/keys/revoke")
def revoke_key(visit: SignedIn, slug: str, form: Posted) -> Response:
    """End a key of a member."""
    here = visit.of(slug)
    here.control.keys.revoke_of_member(form.get("key", ""))
    return _shown(here)


def _days(form: Mapping[str, str]) -> timedelta:
    """Return how long a key works."""
    days = int(form["days"]) if form.get("days", "").isdecimal() else 0
    if not 1 <= days <= _LONGEST_DAYS:
        raise BadInput("A key ends", hint=f"give 1 to {_LONGEST_DAYS} days")
    return timedelta(days=days)


def _in_force(here: ProjectVisit, kind: PolicyType) -> Mapping[str, Any]:
    return here.control.policies.get(here.project.id, policy_type=kind)


def _value(name: str, text: str, shown: object) -> object:
    """Return the value of a rule: text where the rule is one, else JSON."""
    return text if isinstance(shown, str) else _json(text, name.replace("_", " "))


def _json(text: str, name: str) -> Any:  # noqa: ANN401 - what JSON holds
    try:
        return json.loads(text)
    except ValueError as exc:
        raise BadInput(
            f"The value of {name} is no JSON", hint='write it as it was shown, such as 4, true or ["a"]'
        ) from exc


def _shown(here: ProjectVisit) -> Response:
    return done(f"/projects/{here.project.slug}/access")
