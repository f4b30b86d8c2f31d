"""Bitbucket Cloud: a push names several branches and tags at once; pull requests. Source: "Event payloads"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from odooops_dagster.doors.http.github_push import read_push
from odooops_dagster.doors.http.webhooks.changes import NOTHING, Change, Heard, at, pull, text_at
from odooops_dagster.errors import BadInput

# It cuts a push off long before.
_MOST = 100
_REFS = {"branch": "refs/heads/", "tag": "refs/tags/"}


def hear(event: str, payload: Mapping[str, Any]) -> Heard:
    """Return what an event tells."""
    if event == "repo:push":
        return _pushed(payload)
    if event == "pullrequest:created":
        return _asked_to_pull(payload)
    return Heard(ignored="only pushes and new pull requests are acted on")


def _pushed(payload: Mapping[str, Any]) -> Heard:
    changes = at(payload, "push.changes")
    if not isinstance(changes, list) or len(changes) > _MOST:
        raise BadInput(f"push.changes: not a list of at most {_MOST} changes")
    found = [_change(payload, each) for each in changes]
    return Heard(changes=found) if found else Heard(ignored="the push changes no branch and no tag")


def _change(payload: Mapping[str, Any], change: object) -> Change:
    if not isinstance(change, Mapping) or not (change.get("new") or change.get("old")):
        raise BadInput("push.changes: a change has neither a new nor an old state")
    new, old = change.get("new"), change.get("old")
    side = "new" if new else "old"
    prefix = _REFS.get(text_at(change, f"{side}.type"))
    if prefix is None:
        raise BadInput("push.changes: neither of a branch nor of a tag")
    after = text_at(change, "new.target.hash") if new else NOTHING
    told = {
        "ref": prefix + text_at(change, f"{side}.name"),
        "before": text_at(change, "old.target.hash") if old else NOTHING,
        "after": after,
        "forced": change.get("forced") is True,
        "deleted": not new,
        "repository": {"full_name": text_at(payload, "repository.full_name"), "clone_url": _url(payload)},
        "pusher": {"name": _actor(payload)},
        "head_commit": {"id": after, "message": _message(new)} if isinstance(new, Mapping) else None,
    }
    return Change.of_push(read_push(told))


def _url(payload: Mapping[str, Any]) -> str:
    """Return the repository's address; the payload has the page's, to which git adds a suffix."""
    return text_at(payload, "repository.links.html.href")


def _actor(payload: Mapping[str, Any]) -> str | None:
    actor = payload.get("actor")
    found = (actor.get("nickname") or actor.get("display_name")) if isinstance(actor, Mapping) else None
    return found if isinstance(found, str) else None


def _message(new: Mapping[str, Any]) -> str:
    target = new.get("target")
    found = target.get("message") if isinstance(target, Mapping) else None
    return found if isinstance(found, str) else ""


def _asked_to_pull(payload: Mapping[str, Any]) -> Heard:
    """Return what a new pull request tells; its commit has an abbreviated hash."""
    own = text_at(payload, "repository.full_name")
    source = at(payload, "pullrequest.source")
    repository = source.get("repository") if isinstance(source, Mapping) else None
    if not isinstance(repository, Mapping) or repository.get("full_name") != own:
        return Heard(ignored="a pull request of a fork is not acted on")
    branch = text_at(source, "branch.name")
    return pull(url=_url(payload), branch=branch, number=at(payload, "pullrequest.id"))
