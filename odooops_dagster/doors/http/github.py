"""POST /webhooks/github and /webhooks/github/PROJECT: store a push as a delivery, for which the repository is asked."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.body import read_body
from odooops_dagster.doors.http.errors import Problem, SignatureMismatch
from odooops_dagster.doors.http.github_push import PushPayload, read_push, storable
from odooops_dagster.doors.http.signers import (
    DeliveryHeaders,
    Signer,
    platform_signer,
    project_signer,
    signed_headers,
)
from odooops_dagster.doors.http.wiring import control_plane
from odooops_dagster.errors import BadInput

# GitHub limits payloads to 25 MB and does not deliver larger ones.
MAX_BODY_BYTES = 25 * 1024**2

log = structlog.get_logger(__name__)
router = APIRouter(tags=["webhooks"])


class Receipt(BaseModel):
    """The outcome of a delivery; GitHub shows it under the webhook's recent deliveries."""

    outcome: str  # accepted, duplicate, ignored, unknown_project or pong
    delivery: str
    event: str
    message: str | None = None


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": Receipt, "description": "Answer to a ping, or a delivery that was taken before."},
    400: {"model": Problem, "description": "A header or field is missing or malformed; it is named."},
    401: {"model": Problem, "description": "The signature does not fit, or is not that of the project's own secret."},
    408: {"model": Problem, "description": "The body did not come within 30 seconds."},
    413: {"model": Problem, "description": "The body is larger than 25 MB."},
    503: {"model": Problem, "description": "No secret is configured, or the database does not answer."},
}


@router.post("/webhooks/github/{project}", status_code=202, responses=_RESPONSES)
async def receive_project_delivery(
    request: Request,
    response: Response,
    control: Annotated[ControlPlane, Depends(control_plane)],
    headers: Annotated[DeliveryHeaders, Depends(signed_headers)],
    signer: Annotated[Signer, Depends(project_signer)],
) -> Receipt:
    """Verify a delivery signed with the project's secret, and store it; a repeat changes nothing."""
    return await _receive(request, response, control=control, headers=headers, signer=signer)


@router.post("/webhooks/github", status_code=202, responses=_RESPONSES)
async def receive_delivery(
    request: Request,
    response: Response,
    control: Annotated[ControlPlane, Depends(control_plane)],
    headers: Annotated[DeliveryHeaders, Depends(signed_headers)],
    signer: Annotated[Signer, Depends(platform_signer)],
) -> Receipt:
    """Verify a delivery signed with the platform's secret, for projects without one; a repeat changes nothing."""
    return await _receive(request, response, control=control, headers=headers, signer=signer)


async def _receive(
    request: Request, response: Response, *, control: ControlPlane, headers: DeliveryHeaders, signer: Signer
) -> Receipt:
    body = await read_body(request, limit=MAX_BODY_BYTES)
    signer.verify(body, signature=headers.x_hub_signature_256)
    receipt = await run_in_threadpool(_handle, control, body, headers=headers, signer=signer)
    if receipt.outcome in {"pong", "duplicate"}:
        response.status_code = 200
    log.info("delivery_received", delivery=receipt.delivery, github_event=receipt.event, outcome=receipt.outcome)
    return receipt


def _handle(control: ControlPlane, body: bytes, *, headers: DeliveryHeaders, signer: Signer) -> Receipt:
    event = _named("X-GitHub-Event", headers.x_github_event)
    delivery = _named("X-GitHub-Delivery", headers.x_github_delivery)
    payload = _payload(body, headers.content_type)
    if event == "ping":
        return Receipt(
            outcome="pong", delivery=delivery, event=event, message=str(storable(str(payload.get("zen", ""))))
        )
    if event != "push":
        return Receipt(outcome="ignored", delivery=delivery, event=event, message="only push events are acted on")
    parsed = read_push(payload)
    outcome = control.pushes.receive(
        delivery,
        event=event,
        push=parsed.push(),
        payload=parsed.facts(),
        body_sha256=hashlib.sha256(body).hexdigest(),
        project_id=signer.project_id,
    )
    if outcome == "own_secret":
        raise SignatureMismatch(
            "the project has a webhook's secret of its own, and this delivery was signed with the platform's",
            hint="send it to /webhooks/github/PROJECT with that secret; ops webhook rotate PROJECT makes a new one",
        )
    return Receipt(outcome=outcome, delivery=delivery, event=event, message=_explain(outcome, parsed, signer))


def _explain(outcome: str, parsed: PushPayload, signer: Signer) -> str | None:
    if outcome == "unknown_project" and signer.project_id is not None:
        return "the project of this address is archived, or has another repository"
    if outcome == "unknown_project":
        url = parsed.repository.clone_url
        return f"no active project has this repository; ops project create SLUG --repo {url}"
    if outcome == "ignored":
        return f"{parsed.ref} is no branch and no new tag" if not parsed.ref.startswith("refs/heads/") else None
    if outcome == "accepted" and signer.project_id is None:
        return "signed with the secret that all projects share; ops webhook create PROJECT makes the project its own"
    return None


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
