"""Signed webhooks. Source: "Standard Webhooks specification", standardwebhooks.com."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from odooops_dagster.tools.outgoing import outgoing_client, send

_PREFIX = "whsec_"


def new_signing_secret() -> str:
    """Return a secret for a receiver, as its libraries take it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def send_webhook(
    url: str, *, secret: str, name: str, message_id: str, kind: str, at: datetime, data: Mapping[str, Any]
) -> None:
    """Post an event, signed; a receiver knows a repeat by its id.

    Args:
        url: the receiver.
        secret: as `new_signing_secret` returned it.
        name: what people call the receiver; the address may be a secret.
        message_id: the same in every try.
        kind: what happened.
        at: when.
        data: what is told of it.

    Raises:
        Undelivered: the receiver does not answer with success; finally where it says that it is gone.
    """
    body = json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data}, separators=(",", ":")).encode()
    now = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "odooops",
        "webhook-id": message_id,
        "webhook-timestamp": now,
        "webhook-signature": _signature(secret, f"{message_id}.{now}.".encode() + body),
    }
    with outgoing_client() as client:
        send(
            client,
            "POST",
            url,
            receiver=f"webhook {name}",
            remedy="ops notify target add",
            content=body,
            headers=headers,
        )


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
