"""POST /webhooks/github: store a push as a delivery, and queue a run if a project wants one."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Annotated, Any
from urllib.parse import parse_qs
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.body import read_body
from odooops_dagster.doors.http.errors import NotConfigured, Problem, SignatureMismatch
from odooops_dagster.doors.http.github_push import PushPayload, read_push, storable
from odooops_dagster.doors.http.wiring import control_plane, settings
from odooops_dagster.errors import BadInput, OdooOpsError
from odooops_dagster.settings import Settings

# GitHub limits payloads to 25 MB and does not deliver larger ones.
MAX_BODY_BYTES = 25 * 1024**2

_SIGNATURE = re.compile("sha256=[0-9a-f]{64}")

log = structlog.get_logger(__name__)
router = APIRouter(tags=["webhooks"])


class DeliveryHeaders(BaseModel):
    """The headers of a GitHub delivery."""

    x_github_event: str = ""
    x_github_delivery: str = ""
    x_hub_signature_256: str = ""
    content_type: str = ""


class Receipt(BaseModel):
    """The outcome of a delivery; GitHub shows it under the webhook's recent deliveries."""

    outcome: str  # accepted, duplicate, ignored, unknown_project or pong
    delivery: str
    event: str
    run_ids: list[UUID] = []
    message: str | None = None


@router.post(
    "/webhooks/github",
    status_code=202,
    responses={
        200: {"model": Receipt, "description": "Answer to a ping, or a delivery that was taken before."},
        400: {"model": Problem, "description": "A header or field is missing or malformed; it is named."},
        401: {"model": Problem, "description": "The signature does not fit."},
        408: {"model": Problem, "description": "The body did not come within 30 seconds."},
        413: {"model": Problem, "description": "The body is larger than 25 MB."},
        503: {"model": Problem, "description": "No secret is configured, or the database does not answer."},
    },
)
async def receive_delivery(
    request: Request,
    response: Response,
    settings: Annotated[Settings, Depends(settings)],
    control: Annotated[ControlPlane, Depends(control_plane)],
    headers: Annotated[DeliveryHeaders, Header()],
) -> Receipt:
    """Verify a GitHub delivery, store it, and queue its runs; a repeat changes nothing."""
    secret = _secret(settings)
    _refuse_unsigned(headers.x_hub_signature_256)  # anybody can send a body: one without a signature is not read
    body = await read_body(request, limit=MAX_BODY_BYTES)
    verify(body, signature=headers.x_hub_signature_256, secret=secret)
    event, delivery = (
        _named("X-GitHub-Event", headers.x_github_event),
        _named("X-GitHub-Delivery", headers.x_github_delivery),
    )
    payload = _payload(body, headers.content_type)
    receipt = await run_in_threadpool(_handle, control, event=event, delivery=delivery, payload=payload)
    if receipt.outcome in {"pong", "duplicate"}:
        response.status_code = 200
    log.info("delivery_received", delivery=delivery, github_event=event, outcome=receipt.outcome)
    return receipt


def verify(body: bytes, *, signature: str, secret: bytes) -> None:
    """Refuse a body that was not signed with the secret."""
    expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape")):
        raise SignatureMismatch(hint="give the webhook the secret of ODOOOPS_GITHUB_WEBHOOK_SECRET")


def _refuse_unsigned(signature: str) -> None:
    if not signature:
        raise SignatureMismatch("the X-Hub-Signature-256 header is missing", hint="set a secret on the webhook")
    if not _SIGNATURE.fullmatch(signature):
        raise SignatureMismatch("the X-Hub-Signature-256 header holds no signature", hint="set a secret on the webhook")


def _handle(control: ControlPlane, *, event: str, delivery: str, payload: dict[str, Any]) -> Receipt:
    if event == "ping":
        return Receipt(
            outcome="pong", delivery=delivery, event=event, message=str(storable(str(payload.get("zen", ""))))
        )
    if event != "push":
        return Receipt(outcome="ignored", delivery=delivery, event=event, message="only push events are acted on")
    parsed = read_push(payload)
    outcome = control.pushes.receive(delivery, event=event, push=parsed.push(), payload=parsed.facts())
    receipt = Receipt(outcome=outcome, delivery=delivery, event=event, message=_explain(outcome, parsed))
    if outcome == "accepted":
        receipt.run_ids = _apply(control, delivery)
    return receipt


def _apply(control: ControlPlane, delivery: str) -> list[UUID]:
    """Turn stored deliveries into runs now and return this delivery's; on failure the github_pushes sensor does it."""
    try:
        applied = control.pushes.apply()
    except OdooOpsError as exc:
        log.warning("delivery_left_to_sensor", delivery=delivery, reason=str(exc))
        return []
    return [row["run_id"] for row in applied if row["delivery_id"] == delivery and row["run_id"]]


def _explain(outcome: str, parsed: PushPayload) -> str | None:
    if outcome == "unknown_project":
        url = parsed.repository.clone_url
        return f"no active project has this repository; ops project create SLUG --repo {url}"
    if outcome == "ignored":
        return f"{parsed.ref} is no branch and no new tag" if not parsed.ref.startswith("refs/heads/") else None
    return None


def _secret(settings: Settings) -> bytes:
    secret = settings.github_webhook_secret
    if secret is None or not secret.get_secret_value():
        raise NotConfigured(hint="set ODOOOPS_GITHUB_WEBHOOK_SECRET, or start the gateway through `ops up`")
    return secret.get_secret_value().encode()


def _named(header: str, value: str) -> str:
    if not value or len(value) > 200 or not value.isprintable() or not value.isascii():
        raise BadInput(f"{header}: the header is missing or malformed")
    return value


def _payload(body: bytes, content_type: str) -> dict[str, Any]:
    """Return the event as an object; GitHub sends it as JSON or, by default, in a form field."""
    try:
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            body = parse_qs(body, strict_parsing=True, max_num_fields=10)[b"payload"][0]
        payload = json.loads(body)
    except (ValueError, KeyError, RecursionError) as exc:
        raise BadInput("body: not JSON, nor a form with JSON in its payload field") from exc
    if not isinstance(payload, dict):
        raise BadInput("body: not a JSON object")
    return payload
