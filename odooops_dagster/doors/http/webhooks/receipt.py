"""What becomes of a delivery whose signature fits, whichever forge sent it: it is stored, and the forge is told."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic import BaseModel

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.errors import Problem, SignatureMismatch
from odooops_dagster.doors.http.signers import Signer
from odooops_dagster.doors.http.webhooks.changes import Heard, store
from odooops_dagster.model import Push
from odooops_dagster.plain_log import get_logger

# GitHub limits payloads to 25 MB and does not deliver larger ones.
MAX_BODY_BYTES = 25 * 1024**2

log = get_logger(__name__)


class Receipt(BaseModel):
    """The outcome of a delivery; GitHub shows it under the webhook's recent deliveries."""

    outcome: str  # accepted, duplicate, ignored, unknown_project or pong
    delivery: str
    event: str
    message: str | None = None


RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": Receipt, "description": "Answer to a ping, or a delivery that was taken before."},
    400: {"model": Problem, "description": "A header or field is missing or malformed; it is named."},
    401: {"model": Problem, "description": "The signature does not fit, or is not that of the project's own secret."},
    408: {"model": Problem, "description": "The body did not come within 30 seconds."},
    413: {"model": Problem, "description": "The body is larger than 25 MB."},
    503: {"model": Problem, "description": "No secret is configured, or the database does not answer."},
}


def take(
    control: ControlPlane,
    heard: Heard,
    *,
    delivery: str,
    event: str,
    signed: bytes,
    signer: Signer,
    greeting: str | None = None,
) -> Receipt:
    """Store what a delivery tells, and return its receipt.

    Args:
        control: the control plane.
        heard: what the delivery tells.
        delivery: its id.
        event: what happened, as the forge calls it.
        signed: what the forge signed, by which a repeat under another id is known.
        signer: whose secret signed it.
        greeting: the answer to a ping.

    Raises:
        SignatureMismatch: the project has a secret of its own, which did not sign it.
    """
    if heard.is_ping:
        return Receipt(outcome="pong", delivery=delivery, event=event, message=greeting)
    if heard.ignored:
        return Receipt(outcome="ignored", delivery=delivery, event=event, message=heard.ignored)
    outcome = store(control, heard.changes, delivery=delivery, signed=signed, project=signer.project_id)
    if outcome == "own_secret":
        raise SignatureMismatch(
            "the project has a webhook's secret of its own, and this delivery was signed with the platform's",
            hint="send it to /webhooks/github/PROJECT with that secret; ops webhook rotate PROJECT makes a new one",
        )
    message = _explained(outcome, heard.changes[0].push, signer)
    return Receipt(outcome=outcome, delivery=delivery, event=event, message=message)


def answer(response: Response, receipt: Receipt, **told: str) -> Receipt:
    """Return the receipt with its status; log it with what else is told."""
    if receipt.outcome in {"pong", "duplicate"}:
        response.status_code = 200
    log.info("delivery_received", delivery=receipt.delivery, outcome=receipt.outcome, **told)
    return receipt


def _explained(outcome: str, push: Push, signer: Signer) -> str | None:
    """Return what a person who reads the forge's list of deliveries has to know."""
    if outcome == "unknown_project" and signer.project_id is not None:
        return "the project of this address is archived, or has another repository"
    if outcome == "unknown_project":
        return f"no active project has this repository; ops project create SLUG --repo {push.repo_url}"
    if outcome == "ignored":
        return f"{push.ref} is no branch and no new tag" if not push.ref.startswith("refs/heads/") else None
    if outcome == "accepted" and signer.project_id is None:
        return "signed with the secret that all projects share; ops webhook create PROJECT makes the project its own"
    return None
