"""Gitea and Forgejo: events like GitHub's, but for the end of a branch.

Source: "Webhooks" in Gitea's documentation; `PushPayload`, `DeletePayload`, `PullRequestPayload` in
modules/structs/hook.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from odooops_dagster.doors.http.github_push import read_push
from odooops_dagster.doors.http.webhooks.changes import NOTHING, Change, Heard, at, read_pull, text_at

_REFS = {"branch": "refs/heads/", "tag": "refs/tags/"}


def hear(event: str, payload: Mapping[str, Any]) -> Heard:
    """Return what an event tells."""
    if event == "push":
        return Heard(changes=[Change.of_push(read_push({**payload, "pusher": _pusher(payload)}))])
    if event == "pull_request":
        return read_pull(payload)
    if event == "delete":
        return _deleted(payload)
    return Heard(ignored="only push, delete and pull request events are acted on")


def _pusher(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return who pushed as GitHub names them."""
    pusher = payload.get("pusher")
    return {"name": pusher.get("login")} if isinstance(pusher, Mapping) else {}


def _deleted(payload: Mapping[str, Any]) -> Heard:
    """Return the end of a branch or a tag as the push that GitHub would send."""
    kind, name = text_at(payload, "ref_type"), text_at(payload, "ref")
    if kind not in _REFS:
        return Heard(ignored=f"the end of a {kind} is not acted on")
    # which of them ended is in no field
    told = {"ref": f"{_REFS[kind]}{name}", "before": NOTHING, "after": NOTHING, "deleted": True}
    return Heard(changes=[Change.of_push(read_push(told | {"repository": at(payload, "repository")}))])
