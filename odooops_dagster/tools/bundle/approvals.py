"""Signed approvals: what a person signs, and how a quorum is proved by a threshold of signatures.

The statement names no person: all who approve the same sign the same bytes, so that their signatures fit one envelope.
Whose a signature is, its key tells.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from securesystemslib.exceptions import Error as SignatureError

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.bundle.envelopes import PAYLOAD_TYPE, public_key_of, sealed, signer_of
from odooops_dagster.tools.bundle.statements import APPROVAL, canonical, package_url, statement

Envelope = Mapping[str, Any]


def approval(*, project: str, version: str, image_digest: str, gate: str, decision: str, shown: str) -> dict[str, Any]:
    """Return the statement of a decision on a gate, of what was shown."""
    predicate = {"release": package_url(project, version), "gate": gate, "decision": decision, "shown": shown}
    return statement(APPROVAL, predicate, subjects={project: image_digest.removeprefix("sha256:")})


def signed(said: Mapping[str, Any], private_key: bytes) -> dict[str, Any]:
    """Return the envelope with the statement, signed by the person's Ed25519 key in PEM.

    Raises:
        BadInput: the bytes are no such key.
    """
    envelope: dict[str, Any] = json.loads(sealed(said, signer_of(private_key, whose="the person's")))
    return envelope


def key_id_of(public_key: bytes) -> str:
    """Return the name that signatures give the public key in PEM.

    Raises:
        BadInput: it is no Ed25519 key.
    """
    key = public_key_of(public_key)
    if key.keytype != "ed25519":
        raise BadInput("the key is no Ed25519 key", hint="openssl genpkey -algorithm ed25519 makes one")
    return key.keyid


def merged(envelopes: Iterable[Envelope]) -> list[dict[str, Any]]:
    """Return the envelopes with the same statement as one each, which bears all of their signatures."""
    found: dict[str, dict[str, Any]] = {}
    for each in envelopes:
        one = found.setdefault(each["payload"], {**each, "signatures": []})
        one["signatures"] += [bit for bit in each["signatures"] if bit not in one["signatures"]]
    return list(found.values())


def said_by(envelope: Envelope) -> dict[str, Any]:
    """Return the statement in the envelope; empty where there is none."""
    try:
        value = json.loads(b64decode(envelope["payload"]))
    except (KeyError, ValueError, TypeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def is_signed_by_quorum(envelope: Envelope, keys: Sequence[str], quorum: int) -> bool:
    """Return whether true signatures of at least `quorum` of the keys are on it; give one key in PEM per person."""
    from securesystemslib.dsse import Envelope as Dsse  # noqa: PLC0415 - see envelopes.signer_of

    try:
        opened = Dsse.from_dict(json.loads(canonical(envelope)))
        if opened.payload_type != PAYLOAD_TYPE:
            return False
        opened.verify([public_key_of(key.encode()) for key in keys], quorum)
    except (SignatureError, BadInput, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True
