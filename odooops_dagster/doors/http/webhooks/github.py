"""GitHub: pushes, pull requests, pings. Source: "Webhook events and payloads" in GitHub's documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from odooops_dagster.doors.http.github_push import read_push
from odooops_dagster.doors.http.webhooks.changes import Change, Heard, read_pull


def hear(event: str, payload: Mapping[str, Any]) -> Heard:
    """Return what an event tells."""
    if event == "ping":
        return Heard(is_ping=True)
    if event == "push":
        return Heard(changes=[Change.of_push(read_push(payload))])
    if event == "pull_request":
        return read_pull(payload)
    return Heard(ignored="only push and pull request events are acted on")
