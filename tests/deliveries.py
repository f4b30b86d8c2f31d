"""Deliveries as GitHub sends them, and what a repository answers when it is asked."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Project, Run

PAYLOADS = Path(__file__).parent / "payloads"

PAYLOADS = Path(__file__).parent / "payloads"
SECRET = "It's a Secret to Everybody"
# A signature that is none of the secret.
UNCHECKED = f"sha256={'0' * 64}"
REPOSITORY = "https://github.com/Codertocat/Hello-World.git"
FIRST, SECOND, NOTHING = "a" * 40, "b" * 40, "0" * 40


class GitHub:
    """Delivers as GitHub does: signed, with its headers, in either content type."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def deliver(
        self,
        event: str,
        payload: dict[str, Any],
        *,
        delivery: str | None = None,
        secret: str = SECRET,
        as_form: bool = False,
        slug: str = "",
    ) -> httpx2.Response:
        """Deliver the event, to a project's own webhook where one is named."""
        text = json.dumps(payload)
        body = urlencode({"payload": text}).encode() if as_form else text.encode()
        kind = "application/x-www-form-urlencoded" if as_form else "application/json"
        headers = {"Content-Type": kind, "X-GitHub-Event": event, "X-GitHub-Delivery": delivery or str(uuid4())}
        return self.send(body, headers | {"X-Hub-Signature-256": signature(body, secret)}, slug=slug)

    def send(self, body: bytes, headers: dict[str, str], *, slug: str = "") -> httpx2.Response:
        """Post the bytes as they are."""
        path = f"/webhooks/github/{slug}" if slug else "/webhooks/github"
        response: httpx2.Response = self.client.post(path, content=body, headers=headers)
        return response

    def push(self, ref: str, sha: str, *, before: str = NOTHING, **changes: Any) -> httpx2.Response:  # noqa: ANN401
        """Deliver a real push, moved to another ref and commit."""
        return self.deliver("push", push_of(ref, sha, before=before, **changes))


def push_of(ref: str, sha: str, *, before: str = NOTHING, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a real push's payload with another ref and commit."""
    return recorded("push_branch_created") | {"ref": ref, "before": before, "after": sha} | changes


def recorded(name: str) -> dict[str, Any]:
    """Return a payload that GitHub sent."""
    payload: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return payload


def signature(body: bytes, secret: str = SECRET) -> str:
    """Return the header that GitHub would send."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def answer(control: ControlPlane, project: Project, heads: dict[str, str]) -> list[Run]:
    """Let the repository answer that these are its branches, if it is due to be asked, and return all runs."""
    control.pushes.apply()
    if project.id in {due.id for due in control.projects.to_poll(older_than_seconds=60)}:
        control.pushes.record_heads(project.id, heads=heads)
    return control.runs.list(project.slug)


def make_project(control: ControlPlane, *, slug: str = "hello", repo_url: str = REPOSITORY) -> Project:
    """Create a project."""
    return control.projects.create(
        slug, repo_url=repo_url, odoo_version="19.0", default_branch="master", poll_enabled=False
    )
