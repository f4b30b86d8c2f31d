"""POST /v1/events: hand an event to ops.receive_event as the persona of the sender's key."""

from __future__ import annotations

import hashlib
import math
import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.body import announced_size, read_body
from odooops_dagster.doors.http.envelope import ENVELOPE
from odooops_dagster.doors.http.errors import BodyTooLarge, NoKey, Problem, TooManyRequests
from odooops_dagster.doors.http.rates import Rates
from odooops_dagster.doors.http.wiring import control_plane, event_rates
from odooops_dagster.model.releases import EventAnswer
from odooops_dagster.plain_log import get_logger

# The limit of ops.receive_event.
MAX_BODY_BYTES = 256 * 1024
_KEY = re.compile(r"opsk_([0-9a-f]{12})_[0-9a-f]{64}")
_BEARER = HTTPBearer(scheme_name="eventKey", description="A key that ops key create made.", auto_error=False)

log = get_logger(__name__)
router = APIRouter(tags=["events"])


class EventReceipt(BaseModel):
    """What came of an event; `field` is the invalid field of a refused one, `ids` what an accepted one wrote."""

    status: Literal["accepted", "duplicate", "rejected"]
    message: str
    field: str | None = None
    hint: str | None = None
    ids: dict[str, Any] = {}


def _refused(description: str) -> dict[str, Any]:
    return {"model": EventReceipt, "description": description}


@router.post(
    "/v1/events",
    responses={
        200: {"model": EventReceipt, "description": "Accepted, or a repeat that changed nothing."},
        400: _refused("A field is missing or malformed, and is named; or the body is no JSON that can be stored."),
        401: {"model": EventReceipt | Problem, "description": "There is no key, or it is not in force."},
        403: _refused("The key may not send this event in this project, or its person may not decide."),
        408: {"model": Problem, "description": "The body did not come within 30 seconds."},
        409: _refused("The event does not fit what is there: an unknown project or release, a key used before."),
        413: _refused("The body is larger than 256 kB."),
        422: _refused("The schema version is not known."),
        429: {"model": Problem, "description": "Too many events; the Retry-After header says how long to wait."},
        503: {"model": Problem, "description": "The database does not answer: send the event again."},
    },
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": ENVELOPE}}},
    },
)
async def receive_event(
    request: Request,
    response: Response,
    control: Annotated[ControlPlane, Depends(control_plane)],
    rates: Annotated[Rates, Depends(event_rates)],
    given: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
) -> EventReceipt:
    """Accept or refuse an event of a build, a gate, a deployment or an environment; a repeat changes nothing."""
    prefix, key_sha256 = _key(given)
    wait = rates.wait(key_sha256)  # not the prefix, which is shown: a wrong key must not use up the right one's tokens
    if wait:
        raise TooManyRequests(hint=f"wait {math.ceil(wait)} s", headers={"Retry-After": str(math.ceil(wait))})
    body, size = await _body(request)
    answer = await run_in_threadpool(
        control.events.receive,
        body,
        key_prefix=prefix,
        key_sha256=key_sha256,
        size_bytes=size,
    )
    rates.know(key_sha256, is_known=answer.http_status != 401)
    _note(answer, prefix)
    response.status_code = answer.http_status
    if answer.http_status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return EventReceipt(
        status=answer.status, message=answer.message, field=answer.field, hint=answer.hint, ids=dict(answer.ids)
    )


def _key(given: HTTPAuthorizationCredentials | None) -> tuple[str, str]:
    """Return the prefix and the hash of the key."""
    key = given.credentials.strip() if given else ""
    shape = _KEY.fullmatch(key)
    if shape is None:
        raise NoKey(
            "The Authorization header carries no key",
            hint="send Authorization: Bearer opsk_…; ops key create makes one",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return shape[1], hashlib.sha256(key.encode()).hexdigest()


async def _body(request: Request) -> tuple[bytes, int | None]:
    """Return the body; nothing and its size where it is too large, unread if its length was announced."""
    try:
        return await read_body(request, limit=MAX_BODY_BYTES), None
    except BodyTooLarge:
        return b"", max(announced_size(request), MAX_BODY_BYTES + 1)


def _note(answer: EventAnswer, prefix: str) -> None:
    note = log.warning if answer.status == "rejected" else log.info
    note("event_received", key=prefix, status=answer.http_status, outcome=answer.status, reason=answer.message)
