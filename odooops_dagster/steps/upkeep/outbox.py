"""Send the messages of the outbox: each claimed, sent once, and recorded."""

from __future__ import annotations

from collections.abc import Sequence

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError, Undelivered
from odooops_dagster.model.messages import Message
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.notify import mail_parcel, notify_target
from odooops_dagster.steps.upkeep.tell_forge import tell_forge

# A claim outlasts every try: a hundred messages, eight at a time, each of a few requests that may take ten seconds.
CLAIMED_AT_ONCE, LEASE_SECONDS = 100, 600

Parcel = Sequence[Message]


def claim_parcels(control: ControlPlane, settings: Settings, *, worker: str) -> list[Parcel]:
    """Claim what is due, and return it as it is sent: the mails to a person together, everything else one by one."""
    claimed = control.messages.claim(
        worker, limit=CLAIMED_AT_ONCE, lease_seconds=LEASE_SECONDS, digest_seconds=settings.digest_minutes * 60
    )
    mails: dict[str, list[Message]] = {}
    for message in claimed:
        if message.channel == "mail":
            mails.setdefault(message.recipient, []).append(message)
    return [*([message] for message in claimed if message.channel != "mail"), *mails.values()]


def send_parcel(control: ControlPlane, settings: Settings, parcel: Parcel) -> str | None:
    """Send a parcel, record how it went, and return why it was not delivered; a claim that ended records nothing."""
    try:
        _send(control, settings, parcel)
    except OdooOpsError as exc:
        wait = exc.wait_seconds if isinstance(exc, Undelivered) else 0
        is_final = isinstance(exc, Undelivered) and exc.is_final
        control.messages.record_failed(parcel, error=str(exc), wait_seconds=wait, is_final=is_final)
        return str(exc)
    except Exception as exc:  # noqa: BLE001 - an answer may be anything, and a message that always fails opens an alarm
        # Only its kind: the address of a receiver may be in it, and may be a secret.
        error = f"it could not be sent: {type(exc).__name__}"
        control.messages.record_failed(parcel, error=error)
        return error
    control.messages.record_delivered(parcel)
    return None


def _send(control: ControlPlane, settings: Settings, parcel: Parcel) -> None:
    (message, *_) = parcel
    if message.channel == "forge":
        tell_forge(control, settings, message)
    elif message.channel == "mail":
        mail_parcel(settings, parcel)
    else:
        notify_target(settings, message)
