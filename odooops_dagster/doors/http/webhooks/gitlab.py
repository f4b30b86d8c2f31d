"""GitLab: pushes of branches and tags, merge requests. Source: "Webhook events" in GitLab's documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from odooops_dagster.doors.http.github_push import read_push
from odooops_dagster.doors.http.webhooks.changes import NOTHING, Change, Heard, at, pull, text_at

_ACTIONS = frozenset({"open", "reopen"})


def hear(_event: str, payload: Mapping[str, Any]) -> Heard:
    """Return what an event tells; the body names it as the header does."""
    kind = text_at(payload, "object_kind")
    if kind in ("push", "tag_push"):
        return Heard(changes=[_pushed(payload)])
    if kind == "merge_request":
        return _asked_to_merge(payload)
    return Heard(ignored="only push, tag and merge request events are acted on")


def _pushed(payload: Mapping[str, Any]) -> Change:
    """Return a push as GitHub would tell it; of an annotated tag, `checkout_sha` is the commit that it points to."""
    after = text_at(payload, "after")
    commit = payload.get("checkout_sha") or after
    told = {
        "ref": text_at(payload, "ref"),
        "before": text_at(payload, "before"),
        "after": after,
        "deleted": after == NOTHING,
        "repository": _repository(payload),
        "pusher": {"name": payload.get("user_username") or payload.get("user_name")},
        "head_commit": {"id": commit, "message": _message(payload, commit)} if after != NOTHING else None,
    }
    return Change.of_push(read_push(told))


def _repository(payload: Mapping[str, Any]) -> dict[str, Any]:
    project = at(payload, "project")
    return {
        "full_name": text_at(payload, "project.path_with_namespace"),
        "clone_url": text_at(payload, "project.git_http_url"),
        "ssh_url": project.get("git_ssh_url"),
        "html_url": project.get("web_url"),
    }


def _message(payload: Mapping[str, Any], sha: object) -> object:
    commits = payload.get("commits")
    listed = [each for each in commits if isinstance(each, Mapping)] if isinstance(commits, list) else []
    return next((each.get("message") for each in listed if each.get("id") == sha), "") or ""


def _asked_to_merge(payload: Mapping[str, Any]) -> Heard:
    told = at(payload, "object_attributes")
    action = told.get("action") if isinstance(told, Mapping) else None
    if action not in _ACTIONS:  # a test of the webhook has none
        return Heard(ignored="only merge requests that are opened are acted on")
    if at(told, "source_project_id") != at(told, "target_project_id"):
        return Heard(ignored="a merge request of a fork is not acted on")
    return pull(
        url=text_at(payload, "project.git_http_url"),
        branch=text_at(told, "source_branch"),
        sha=text_at(told, "last_commit.id"),
        number=told.get("iid"),
    )
