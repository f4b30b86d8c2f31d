"""Signed checkpoints: a DSSE envelope that says which seal an anchor of the audit trail has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from odooops_dagster.errors import BadInput
from odooops_dagster.model.anchors import Anchor
from odooops_dagster.tools.bundle.envelopes import is_signed_by, opened, sealed
from odooops_dagster.tools.bundle.statements import ANCHOR, canonical, statement

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey


def signed_checkpoint(anchor: Anchor, control_plane: UUID, signer: CryptoSigner) -> bytes:
    """Return the envelope with the anchor's checkpoint."""
    return sealed(_checkpoint(anchor, control_plane), signer)


def is_checkpoint_of(envelope: bytes, anchor: Anchor, control_plane: UUID, key: SSlibKey) -> bool:
    """Return whether the envelope is signed with the key, and says of the anchor what it is."""
    try:
        read, said = opened(envelope)
    except BadInput:
        return False
    return is_signed_by(read, key) and canonical(said) == canonical(_checkpoint(anchor, control_plane))


def _checkpoint(anchor: Anchor, control_plane: UUID) -> dict[str, Any]:
    said = {"number": anchor.number, "since": anchor.since, "until": anchor.until, "previous": anchor.previous}
    return statement(ANCHOR, said, subjects={f"audit/{control_plane}/{anchor.number:08d}": anchor.seal})
