"""Is the record what its anchors in the store saw?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, NotFound, Unreadable
from odooops_dagster.model.anchors import Anchor, Fault, faults_of
from odooops_dagster.tools.bundle.checkpoints import is_checkpoint_of
from odooops_dagster.tools.store.anchors import AnchorFiles

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey

# Anchors that are compared at once; so many days of entries are in memory.
_AT_ONCE = 24 * 7


@dataclass(frozen=True, kw_only=True)
class AnchorsVerdict:
    """The seals of the compared anchors, oldest first, the end of the newest, and what is not as they saw it."""

    seals: tuple[str, ...]
    until: datetime | None
    faults: tuple[Fault, ...]


def check_anchors(control: ControlPlane, files: AnchorFiles, *, key: SSlibKey | None = None) -> AnchorsVerdict:
    """Compare the record with every anchor, the anchors with each other, and with a key each with its signature."""
    faults: list[Fault] = []
    anchors = list(_readable(files, faults))
    faults += _gaps(anchors, files.numbers())
    if key is not None:
        faults += _unsigned(anchors, files, key)
    limits = control.audit.limits()
    kept_since = {
        "events of runs": limits.events_since or limits.began_at,
        "deliveries": limits.deliveries_since,
    }
    for start in range(0, len(anchors), _AT_ONCE):
        faults += _changes(control, anchors, start, kept_since)
    return AnchorsVerdict(
        seals=tuple(anchor.seal for anchor in anchors),
        until=anchors[-1].until if anchors else None,
        faults=tuple(dict.fromkeys(faults)),
    )


def _readable(files: AnchorFiles, faults: list[Fault]) -> Iterator[Anchor]:
    """Yield the anchors that are as they were written; add the others to the faults."""
    for number in files.numbers():
        try:
            yield files.read(number)
        except (BadInput, Unreadable):
            faults.append(Fault(chain="anchors", entry=files.name(number), fault="changed"))
        except NotFound:
            faults.append(Fault(chain="anchors", entry=files.name(number), fault="missing"))


def _gaps(anchors: Sequence[Anchor], numbers: Sequence[int]) -> Iterator[Fault]:
    """Yield the anchors that are not there, and those that do not follow the one before them."""
    for missing in sorted(set(range(1, max(numbers, default=0))) - set(numbers)):
        yield Fault(chain="anchors", entry=str(missing), fault="missing")
    number, seal = 0, ""
    for anchor in anchors:
        if anchor.number == number + 1 and anchor.previous != seal:
            yield Fault(chain="anchors", entry=str(anchor.number), fault="changed")
        number, seal = anchor.number, anchor.seal


def _unsigned(anchors: Sequence[Anchor], files: AnchorFiles, key: SSlibKey) -> Iterator[Fault]:
    """Yield the anchors without a checkpoint, and those whose checkpoint the key did not sign as they are."""
    for anchor in anchors:
        try:
            envelope = files.read_checkpoint(anchor.number)
        except (NotFound, Unreadable):
            yield Fault(chain="anchors", entry=files.name(anchor.number), fault="unsigned")
            continue
        if not is_checkpoint_of(envelope, anchor, files.control_plane, key):
            yield Fault(chain="anchors", entry=files.name(anchor.number), fault="wrongly signed")


def _changes(
    control: ControlPlane, anchors: Sequence[Anchor], start: int, kept_since: Mapping[str, datetime]
) -> Iterator[Fault]:
    """Yield what changed in the window of the anchors that begin there; the next one has what was committed late."""
    until = anchors[start : start + _AT_ONCE][-1].until
    yield from faults_of(
        anchors[start : start + _AT_ONCE + 1],
        control.audit.entries(anchors[start].since, until),
        until=until,
        kept_since=kept_since,
    )
