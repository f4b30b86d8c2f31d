"""POST /webhooks/github and /webhooks/github/PROJECT: store a push as a delivery, for which the repository is asked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.body import read_body
from odooops_dagster.doors.http.github_push import storable
from odooops_dagster.doors.http.signers import (
    DeliveryHeaders,
    Signer,
    platform_signer,
    project_signer,
    signed_headers,
)
from odooops_dagster.doors.http.webhooks.changes import named, read_body_as_object
from odooops_dagster.doors.http.webhooks.github import hear
from odooops_dagster.doors.http.webhooks.receipt import MAX_BODY_BYTES, RESPONSES, Receipt, answer, take
from odooops_dagster.doors.http.wiring import control_plane

router = APIRouter(tags=["webhooks"])


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The event, in either content type that GitHub offers.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "required": ["payload"], "properties": {"payload": {"type": "string"}}}
            },
        },
    }
}


@router.post("/webhooks/github/{project}", status_code=202, responses=RESPONSES, openapi_extra=_BODY)
async def receive_project_delivery(
    request: Request,
    response: Response,
    control: Annotated[ControlPlane, Depends(control_plane)],
    headers: Annotated[DeliveryHeaders, Depends(signed_headers)],
    signer: Annotated[Signer, Depends(project_signer)],
) -> Receipt:
    """Verify a delivery signed with the project's secret, and store it; a repeat changes nothing."""
    return await _receive(request, response, control=control, headers=headers, signer=signer)


@router.post("/webhooks/github", status_code=202, responses=RESPONSES, openapi_extra=_BODY)
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
    content_type = request.headers.get("content-type", "")
    receipt = await run_in_threadpool(_handle, control, body, headers=headers, content_type=content_type, signer=signer)
    return answer(response, receipt, github_event=receipt.event)


def _handle(
    control: ControlPlane, body: bytes, *, headers: DeliveryHeaders, content_type: str, signer: Signer
) -> Receipt:
    event = named("X-GitHub-Event", headers.x_github_event)
    delivery = named("X-GitHub-Delivery", headers.x_github_delivery)
    payload = read_body_as_object(body, content_type)
    heard = hear(event, payload)
    zen = str(storable(str(payload.get("zen", "")))) if heard.is_ping else None
    return take(control, heard, delivery=delivery, event=event, signed=body, signer=signer, greeting=zen)
