"""Deliveries of GitLab, Gitea, Forgejo and Bitbucket, as their pages describe them, signed as each signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
from fastapi.testclient import TestClient

from odooops_dagster.local.webhook_secrets import secret_bytes
from tests.deliveries import PAYLOADS

# The events of each forge by what they tell: the header's value, and the payload's file.
EVENTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "gitlab": {
        "push": ("Push Hook", "gitlab_push"),
        "end": ("Push Hook", "gitlab_branch_deleted"),
        "tag": ("Tag Push Hook", "gitlab_tag_push"),
        "pull": ("Merge Request Hook", "gitlab_merge_request"),
        "other": ("Note Hook", "gitlab_note"),
    },
    "gitea": {
        "push": ("push", "gitea_push"),
        "end": ("delete", "gitea_delete"),
        "tag": ("push", "gitea_tag_push"),
        "pull": ("pull_request", "gitea_pull_request"),
        "other": ("issues", "gitea_push"),
    },
    "bitbucket": {
        "push": ("repo:push", "bitbucket_push"),
        "end": ("repo:push", "bitbucket_branch_deleted"),
        "tag": ("repo:push", "bitbucket_tag_push"),
        "pull": ("pullrequest:created", "bitbucket_pull_request"),
        "other": ("repo:fork", "bitbucket_push"),
    },
}
EVENTS = {**EVENTS, "forgejo": EVENTS["gitea"], "gitlab-signed": EVENTS["gitlab"]}
REPOSITORIES = {
    "gitlab": "https://gitlab.example.com/acme/shop.git",
    "gitlab-signed": "https://gitlab.example.com/acme/shop.git",
    "gitea": "https://gitea.example.com/acme/shop.git",
    "forgejo": "https://gitea.example.com/acme/shop.git",
    "bitbucket": "https://bitbucket.org/acme/shop.git",
}
BRANCH, HEAD = "feature/x", "da1560886d4f094c3e6c9ef40349f7d38b5d27d7"


@dataclass(frozen=True)
class Sender:
    """A forge that delivers to a gateway, at a project's address."""

    client: TestClient
    forge: str
    secret: str
    slug: str = "shop"

    def deliver(
        self, kind: str, *, delivery: str | None = None, changes: Mapping[str, Any] | None = None
    ) -> httpx2.Response:
        """Deliver an event of this kind, with changes at paths of names with points between."""
        event, name = EVENTS[self.forge][kind]
        payload = payload_of(name)
        for path, value in (changes or {}).items():
            put(payload, path, value)
        return self.send(json.dumps(payload).encode(), event=event, delivery=delivery)

    def send(
        self, body: bytes, *, event: str, delivery: str | None = None, changed: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Post the bytes as they are, with headers of which some are changed after the forge wrote them."""
        headers = self.headers(body, event=event, delivery=delivery or str(uuid4())) | dict(changed or {})
        kept = {name: value for name, value in headers.items() if value}
        response: httpx2.Response = self.client.post(f"/webhooks/forge/{self.slug}", content=body, headers=kept)
        return response

    def headers(self, body: bytes, *, event: str, delivery: str) -> dict[str, str]:
        """Return the headers that the forge sends."""
        plain = {"Content-Type": "application/json"}
        if self.forge.startswith("gitlab"):
            plain |= {"X-Gitlab-Event": event, "Idempotency-Key": delivery, "X-Gitlab-Event-UUID": str(uuid4())}
            return plain | (
                {"X-Gitlab-Token": self.secret} if self.forge == "gitlab" else self._standard(body, delivery)
            )
        digest = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        if self.forge == "bitbucket":
            return plain | {
                "X-Event-Key": event,
                "X-Request-UUID": delivery,
                "X-Hook-UUID": "{hook}",
                "X-Attempt-Number": "1",
                "X-Hub-Signature": f"sha256={digest}",
            }
        names = ("Forgejo", "Gitea", "Gogs") if self.forge == "forgejo" else ("Gitea", "Gogs")
        for name in names:
            plain |= {f"X-{name}-Event": event, f"X-{name}-Delivery": delivery, f"X-{name}-Signature": digest}
        old = hmac.new(self.secret.encode(), body, hashlib.sha1).hexdigest()
        return plain | {
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery,
            "X-Hub-Signature": f"sha1={old}",
            "X-Hub-Signature-256": f"sha256={digest}",
        }

    def _standard(self, body: bytes, delivery: str) -> dict[str, str]:
        return signed_by_gitlab(self.secret, body, delivery=delivery, at=int(time.time()))


def signed_by_gitlab(secret: str, body: bytes, *, delivery: str, at: int) -> dict[str, str]:
    """Return the headers by which GitLab signs with a signing token."""
    signed = f"{delivery}.{at}.".encode() + body
    try:
        key = secret_bytes(secret)
    except ValueError:  # no secret of ours
        key = secret.encode()
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def payload_of(name: str) -> dict[str, Any]:
    """Return a payload of a forge."""
    payload: dict[str, Any] = json.loads((PAYLOADS / "forges" / f"{name}.json").read_text())
    return payload


def put(payload: dict[str, Any], path: str, value: object) -> None:
    """Set what stands at a path of names with points between; a number is a place in a list."""
    *inside, last = [int(name) if name.isdigit() else name for name in path.split(".")]
    place: Any = payload
    for name in inside:
        place = place[name]
    place[last] = value
