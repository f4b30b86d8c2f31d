"""How each forge proves that a delivery is its own, and by which headers it names it.

The first scheme of the list whose header is there decides, and no other is tried: a delivery that fails one is refused
also where it would pass another. Forgejo and Gitea send GitHub's headers too, so they come first.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from odooops_dagster.doors.http.webhooks import bitbucket, gitea, github, gitlab
from odooops_dagster.doors.http.webhooks.changes import Heard
from odooops_dagster.local.webhook_secrets import secret_bytes

Headers = Mapping[str, str]
# How far the clock of who signs the time may be off, as Standard Webhooks has it.
_TOLERANCE_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A forge's way to sign.

    Args:
        forge: what people call it.
        proof: the header that has the signature or the token.
        verify: whether the proof fits the secret, the headers and the body.
        delivery: the headers that name a delivery, the first that is there counts.
        event: the header that names what happened.
        hear: what an event tells.
        signs_delivery: whether a repeat is known by its id, which no other sender can choose; else by its body.
    """

    forge: str
    proof: str
    verify: Callable[[bytes, Headers, bytes], bool]
    delivery: tuple[str, ...]
    event: str
    hear: Callable[[str, Mapping[str, Any]], Heard]
    signs_delivery: bool = False

    def signed(self, delivery: str, body: bytes) -> bytes:
        """Return by what a repeat of the delivery is known."""
        return f"{delivery}.".encode() + body if self.signs_delivery else body


def scheme_of(headers: Headers) -> Scheme | None:
    """Return how a delivery is signed; None if it is not."""
    return next((scheme for scheme in SCHEMES if headers.get(scheme.proof)), None)


def _hex_of(name: str, prefix: str = "") -> Callable[[bytes, Headers, bytes], bool]:
    """Return a check of HMAC SHA-256 over the body, in hexadecimal digits behind a prefix."""

    def verify(secret: bytes, headers: Headers, body: bytes) -> bool:
        return _same(prefix + hmac.new(secret, body, hashlib.sha256).hexdigest(), headers.get(name, ""))

    return verify


def _standard(secret: bytes, headers: Headers, body: bytes) -> bool:
    """Check a signature as Standard Webhooks has it, over id, time and body; the header may have several.

    GitLab's signing token is the secret's 32 bytes as base64 behind `whsec_`.
    """
    try:
        key = secret_bytes(secret.decode())
        sent_at = int(headers.get("webhook-timestamp", ""))
    except (ValueError, binascii.Error):
        return False
    signed = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    is_fresh = abs(time.time() - sent_at) <= _TOLERANCE_SECONDS
    return is_fresh and any(_same(expected, each) for each in headers.get("webhook-signature", "").split())


def _token(secret: bytes, headers: Headers, _body: bytes) -> bool:
    return _same(secret.decode(), headers.get("x-gitlab-token", ""))


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))


_GITLAB_IDS = ("webhook-id", "idempotency-key", "x-gitlab-event-uuid")
SCHEMES = (
    Scheme(
        forge="Forgejo",
        proof="x-forgejo-signature",
        verify=_hex_of("x-forgejo-signature"),
        delivery=("x-forgejo-delivery",),
        event="x-forgejo-event",
        hear=gitea.hear,
    ),
    Scheme(
        forge="Gitea",
        proof="x-gitea-signature",
        verify=_hex_of("x-gitea-signature"),
        delivery=("x-gitea-delivery",),
        event="x-gitea-event",
        hear=gitea.hear,
    ),
    Scheme(
        forge="GitLab",
        proof="webhook-signature",
        verify=_standard,
        delivery=("webhook-id",),
        event="x-gitlab-event",
        hear=gitlab.hear,
        signs_delivery=True,
    ),
    Scheme(
        forge="GitLab",
        proof="x-gitlab-token",
        verify=_token,
        delivery=_GITLAB_IDS,
        event="x-gitlab-event",
        hear=gitlab.hear,
        signs_delivery=True,
    ),
    Scheme(
        forge="GitHub",
        proof="x-hub-signature-256",
        verify=_hex_of("x-hub-signature-256", "sha256="),
        delivery=("x-github-delivery",),
        event="x-github-event",
        hear=github.hear,
    ),
    Scheme(
        forge="Bitbucket",
        proof="x-hub-signature",
        verify=_hex_of("x-hub-signature", "sha256="),
        delivery=("x-request-uuid",),
        event="x-event-key",
        hear=bitbucket.hear,
    ),
)
