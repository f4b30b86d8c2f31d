"""The secrets that sign deliveries: one per project, and the platform's for projects without one."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header
from pydantic import BaseModel

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.errors import NotConfigured, SignatureMismatch
from odooops_dagster.doors.http.wiring import control_plane, settings
from odooops_dagster.local.webhook_secrets import read_webhook_secret
from odooops_dagster.settings import Settings

_SIGNATURE = re.compile("sha256=[0-9a-f]{64}")
_SLUG = re.compile("[a-z0-9-]{1,100}")
_OF_PROJECT = "the project's secret is made with ops webhook create, and replaced with ops webhook rotate"


class DeliveryHeaders(BaseModel):
    """The headers of a GitHub delivery."""

    x_github_event: str = ""
    x_github_delivery: str = ""
    x_hub_signature_256: str = ""


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A secret, and the project that it speaks for; None for every project without a secret of its own."""

    secret: bytes = field(repr=False)
    project_id: UUID | None
    hint: str

    def verify(self, body: bytes, *, signature: str) -> None:
        """Refuse a body that was not signed with the secret."""
        expected = "sha256=" + hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape")):
            raise SignatureMismatch(hint=self.hint)


def signed_headers(headers: Annotated[DeliveryHeaders, Header()]) -> DeliveryHeaders:
    """Return the headers; refuse a delivery without a signature before anything else is done for it."""
    signature = headers.x_hub_signature_256
    if not signature:
        raise SignatureMismatch("the X-Hub-Signature-256 header is missing", hint="set a secret on the webhook")
    if not _SIGNATURE.fullmatch(signature):
        raise SignatureMismatch("the X-Hub-Signature-256 header holds no signature", hint="set a secret on the webhook")
    return headers


def platform_signer(settings: Annotated[Settings, Depends(settings)]) -> Signer:
    """Return the platform's secret."""
    secret = settings.github_webhook_secret
    if secret is None or not secret.get_secret_value():
        raise NotConfigured(
            hint="ops webhook create PROJECT, or start the gateway with `ops up`, or set ODOOOPS_GITHUB_WEBHOOK_SECRET"
        )
    return Signer(
        secret=secret.get_secret_value().encode(),
        project_id=None,
        hint="give the webhook the secret of ODOOOPS_GITHUB_WEBHOOK_SECRET",
    )


def project_signer(
    project: str,
    settings: Annotated[Settings, Depends(settings)],
    control: Annotated[ControlPlane, Depends(control_plane)],
    _: Annotated[DeliveryHeaders, Depends(signed_headers)],
) -> Signer:
    """Return the project's secret; an unknown project is refused like a wrong signature."""
    return signer_of(project, settings, control)


def signer_of(project: str, settings: Settings, control: ControlPlane) -> Signer:
    """Return the secret of a project's own webhook; raise SignatureMismatch where there is none."""
    found = control.pushes.project_of_webhook(project) if _SLUG.fullmatch(project) else None
    secret = read_webhook_secret(settings.home, found) if found else None
    if found is None or secret is None:
        raise SignatureMismatch(hint=_OF_PROJECT)
    return Signer(secret=secret.encode(), project_id=found, hint=_OF_PROJECT)
