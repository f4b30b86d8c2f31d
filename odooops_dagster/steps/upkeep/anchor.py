"""Anchor the record: keep the hash of every new entry in the store, where a change of the database cannot reach it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, NotFound, Unreadable
from odooops_dagster.model.anchors import OVERLAP, Anchor
from odooops_dagster.tools.bundle.checkpoints import signed_checkpoint
from odooops_dagster.tools.store.anchors import AnchorFiles

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

# The longest window of one anchor: a long history is anchored in parts.
LONGEST = timedelta(days=7)
# The first window has no begin: what is older than the record was slipped in.
EVER = datetime(1970, 1, 1, tzinfo=UTC)


def anchor_record(
    control: ControlPlane,
    files: AnchorFiles,
    *,
    signer: CryptoSigner | None = None,
    progress: Callable[[str], object] = lambda _: None,
) -> list[Anchor]:
    """Write the anchors that are missing until now, and return them; a kill in between leaves whole anchors.

    With a signer each has a signed checkpoint, which is there before it: a kill leaves no anchor unsigned.
    A damaged anchor opens an incident and stays where it is; what it had is anchored again as it is now.
    """
    limits = control.audit.limits()
    numbers = files.numbers()
    newest = _newest_readable(control, files, numbers)
    number = numbers[-1] if numbers else 0
    written: list[Anchor] = []
    while newest is None or newest.until < limits.taken_at:
        since, begin = (newest.until - OVERLAP, newest.until) if newest else (EVER, limits.began_at)
        until = min(begin + LONGEST, limits.taken_at)
        number += 1
        newest = Anchor(
            number=number,
            since=since,
            until=until,
            previous=newest.seal if newest else "",
            entries=tuple(control.audit.entries(since, until)),
        ).sealed()
        if signer is not None:
            files.write_checkpoint(number, signed_checkpoint(newest, files.control_plane, signer))
        files.write(newest)
        written.append(newest)
        progress(f"anchor {newest.number}: {len(newest.entries)} entries until {until.isoformat()}, seal {newest.seal}")
    return written


def _newest_readable(control: ControlPlane, files: AnchorFiles, numbers: Sequence[int]) -> Anchor | None:
    for number in reversed(numbers):
        try:
            return files.read(number)
        except (BadInput, NotFound, Unreadable) as exc:
            control.incidents.raise_alarm(
                f"anchor {number}",
                title=f"anchor {number} of the audit trail is damaged",
                description=f"{files.name(number)} in the store is not as it was written: {exc}. ops audit verify",
                severity="critical",
            )
    return None
