"""What commands print of the record's trail: events, exports and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from odooops_dagster.model.readings import Delivery, RunEvent


@dataclass(frozen=True, kw_only=True)
class SealedEvent(RunEvent):
    """A link of a run's chain of events, with its hash and the one before it."""

    hash: str = ""  # not through a server
    prev_hash: str = ""  # the same


@dataclass(frozen=True, kw_only=True)
class KeptDelivery(Delivery):
    """A delivery of an event as it came."""

    schema_version: str | None = None  # not through a server, as all that follows
    envelope: Any = None  # whatever JSON the sender wrote, right or wrong
    envelope_sha256: str | None = None
    content_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class VerifiedFile:
    """An exported trail, its seal, and what in it is not as it was sealed."""

    file: str
    entries: int
    seal: str
    intact: bool
    faults: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ExportedTrail:
    """The file of an export; its seal is to be kept elsewhere."""

    file: str
    entries: int
    seal: str


@dataclass(frozen=True, kw_only=True)
class ReportSection:
    """What one relation of schema ops states."""

    title: str
    source: str
    rows: Sequence[Mapping[str, Any]]  # each section has the columns of its own relation


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """All that the record states about a release or a month."""

    title: str
    made_at: datetime
    sections: Sequence[ReportSection]
