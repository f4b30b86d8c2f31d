"""POST /webhooks/forge/PROJECT: the delivery of any forge, known by how it is signed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.body import read_body
from odooops_dagster.doors.http.errors import SignatureMismatch
from odooops_dagster.doors.http.signers import Signer, signer_of
from odooops_dagster.doors.http.webhooks.changes import named, read_body_as_object
from odooops_dagster.doors.http.webhooks.receipt import MAX_BODY_BYTES, RESPONSES, Receipt, answer, take
from odooops_dagster.doors.http.webhooks.schemes import Headers, Scheme, scheme_of
from odooops_dagster.doors.http.wiring import control_plane, settings
from odooops_dagster.settings import Settings

router = APIRouter(tags=["webhooks"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The event, as GitLab, Gitea, Forgejo, Bitbucket or GitHub sends it.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


def signed_by(request: Request) -> Scheme:
    """Return how a delivery is signed; refuse one without a signature before anything else is done for it."""
    scheme = scheme_of(request.headers)
    if scheme is None:
        raise SignatureMismatch(
            "no header has a signature or a token", hint="set the project's secret on the forge's webhook"
        )
    return scheme


def own_signer(
    project: str,
    settings: Annotated[Settings, Depends(settings)],
    control: Annotated[ControlPlane, Depends(control_plane)],
    _: Annotated[Scheme, Depends(signed_by)],
) -> Signer:
    """Return the project's secret; an unknown project is refused like a wrong signature."""
    return signer_of(project, settings, control)


@router.post("/webhooks/forge/{project}", status_code=202, responses=RESPONSES, openapi_extra=_BODY)
async def receive_forge_delivery(
    request: Request,
    response: Response,
    control: Annotated[ControlPlane, Depends(control_plane)],
    scheme: Annotated[Scheme, Depends(signed_by)],
    signer: Annotated[Signer, Depends(own_signer)],
) -> Receipt:
    """Verify a delivery of any forge, signed with the project's secret, and store it; a repeat changes nothing."""
    body = await read_body(request, limit=MAX_BODY_BYTES)
    if not scheme.verify(signer.secret, request.headers, body):
        raise SignatureMismatch(f"the {scheme.proof} header does not fit this body and secret", hint=signer.hint)
    receipt = await run_in_threadpool(_handle, control, body, headers=request.headers, scheme=scheme, signer=signer)
    return answer(response, receipt, forge=scheme.forge, forge_event=receipt.event)


def _handle(control: ControlPlane, body: bytes, *, headers: Headers, scheme: Scheme, signer: Signer) -> Receipt:
    event = named(scheme.event, headers.get(scheme.event, ""))
    given = next((headers[name] for name in scheme.delivery if headers.get(name)), "")
    delivery = named(scheme.delivery[0], given)
    heard = scheme.hear(event, read_body_as_object(body, headers.get("content-type", "")))
    signed = scheme.signed(delivery, body)
    return take(control, heard, delivery=delivery, event=event, signed=signed, signer=signer)
