"""Anchors: what was on the record by a moment, kept outside of the database, so that a rewritten record is found.

An anchor holds the hash of every entry of its window. Windows overlap: an entry that was written before an anchor and
committed after it is in the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Self

from odooops_dagster.errors import BadInput
from odooops_dagster.model import FromRow
from odooops_dagster.model.trail import entries_of, read_seal, sealed_lines

# No transaction of the platform is open for as long.
OVERLAP = timedelta(hours=1)

_HEAD = "anchor"


@dataclass(frozen=True, kw_only=True)
class AuditEntry(FromRow):
    """An entry of one of the record's chains, and the hash of what it says."""

    chain: str
    entry: str
    recorded_at: datetime
    sha256: str

    @property
    def key(self) -> tuple[str, str]:
        """Return what the entry is found by."""
        return self.chain, self.entry


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """The hashes of a window of the record, from `since` to before `until`; `previous` is the former anchor's seal."""

    number: int
    since: datetime
    until: datetime
    previous: str
    entries: tuple[AuditEntry, ...]
    seal: str = ""

    def has_all_of(self, moment: datetime) -> bool:
        """Return whether all that was recorded at the moment was committed when the anchor was written."""
        return self.since <= moment < self.until - OVERLAP

    def lines(self) -> Iterator[str]:
        """Yield the anchor's file, a line each."""
        head = {
            "kind": _HEAD,
            "number": self.number,
            "since": self.since,
            "until": self.until,
            "previous": self.previous,
        }
        rows = ({"chain": e.chain, "entry": e.entry, "at": e.recorded_at, "sha256": e.sha256} for e in self.entries)
        return sealed_lines([head, *rows])

    def sealed(self) -> Self:
        """Return the anchor with its seal."""
        return replace(self, seal=read_seal(list(self.lines())).seal)

    @classmethod
    def read(cls, lines: Sequence[str]) -> Self:
        """Return the anchor of a file.

        Raises:
            BadInput: the file is not as it was written.
        """
        found = read_seal(lines)
        if found.faults:
            raise BadInput(found.faults[0])
        try:
            head, *rows = entries_of(lines)
            entries = tuple(
                AuditEntry(
                    chain=row["chain"],
                    entry=row["entry"],
                    recorded_at=datetime.fromisoformat(row["at"]),
                    sha256=row["sha256"],
                )
                for row in rows
            )
            return cls(
                number=head["number"],
                since=datetime.fromisoformat(head["since"]),
                until=datetime.fromisoformat(head["until"]),
                previous=head["previous"],
                entries=entries,
                seal=found.seal,
            )
        except (KeyError, ValueError, TypeError) as exc:
            raise BadInput("it is no anchor of the audit trail") from exc


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An entry of the record that differs from its anchor."""

    chain: str
    entry: str
    fault: Literal["changed", "missing", "added", "unsigned", "wrongly signed"]


def faults_of(
    anchors: Sequence[Anchor],
    found: Iterable[AuditEntry],
    *,
    until: datetime,
    kept_since: Mapping[str, datetime],
) -> Iterator[Fault]:
    """Yield every entry that is not as the anchors saw it.

    Args:
        anchors: the anchors of a window, and the one after it.
        found: the entries of the window as they are now.
        until: the end of the window.
        kept_since: the time before which a chain's entries may be gone, by the rules of retention.
    """
    seen = {entry.key: entry for anchor in anchors for entry in anchor.entries}
    present: set[tuple[str, str]] = set()
    for entry in found:
        present.add(entry.key)
        known = seen.get(entry.key)
        if known is None and any(anchor.has_all_of(entry.recorded_at) for anchor in anchors):
            yield Fault(chain=entry.chain, entry=entry.entry, fault="added")
        elif known is not None and known.sha256 != entry.sha256:
            yield Fault(chain=entry.chain, entry=entry.entry, fault="changed")
    for key, known in seen.items():
        is_kept = known.recorded_at >= kept_since.get(known.chain, known.recorded_at)
        if key not in present and is_kept and known.recorded_at < until:
            yield Fault(chain=known.chain, entry=known.entry, fault="missing")
