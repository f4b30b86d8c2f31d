"""Anchors find what a rewritten record hides, and accuse nobody of what the rules allow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.model.anchors import Anchor, AuditEntry, Fault, faults_of
from odooops_dagster.tools.store import MemoryStore
from odooops_dagster.tools.store.anchors import AnchorFiles

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
PLANE = UUID("6d8d0b1e-6f6a-4a0e-9d3e-2b7a3f1c9e55")


def entry(name: str, *, minute: int = 0, chain: str = "decisions") -> AuditEntry:
    """Return an entry of that minute after noon."""
    return AuditEntry(chain=chain, entry=name, recorded_at=NOON + timedelta(minutes=minute), sha256=f"{name}-says")


def anchor(*entries: AuditEntry, number: int = 1, previous: str = "") -> Anchor:
    """Return an anchor of two hours."""
    until = NOON + timedelta(hours=2)
    return Anchor(number=number, since=NOON, until=until, previous=previous, entries=entries).sealed()


def faults(seen: tuple[AuditEntry, ...], found: tuple[AuditEntry, ...], **kept_since: datetime) -> list[Fault]:
    """Return the faults of what is found, where an anchor saw something else."""
    until = NOON + timedelta(hours=2)
    return list(faults_of([anchor(*seen)], found, until=until, kept_since=kept_since))


def test_a_record_that_is_as_it_was_has_no_fault() -> None:
    """In whatever order it comes."""
    assert faults((entry("a"), entry("b")), (entry("b"), entry("a"))) == []


def test_what_changed_vanished_or_was_slipped_in_is_named() -> None:
    """Each by its chain, its name and what happened."""
    seen, found = (entry("a"), entry("b")), (replace(entry("a"), sha256="else"), entry("c"))
    assert faults(seen, found) == [
        Fault(chain="decisions", entry="a", fault="changed"),
        Fault(chain="decisions", entry="c", fault="added"),
        Fault(chain="decisions", entry="b", fault="missing"),
    ]


def test_what_was_committed_late_is_no_fault() -> None:
    """It is in the next anchor, so it may be missing in the newest."""
    assert faults((), (entry("late", minute=90),)) == []


def test_what_retention_removed_is_no_fault() -> None:
    """Only in the chain whose rule it is, and only before its time."""
    seen = (entry("old", chain="deliveries"), entry("new", minute=30, chain="deliveries"), entry("old"))
    assert faults(seen, (), deliveries=NOON + timedelta(minutes=10)) == [
        Fault(chain="deliveries", entry="new", fault="missing"),
        Fault(chain="decisions", entry="old", fault="missing"),
    ]


def test_an_anchor_is_read_as_it_was_written() -> None:
    """With its seal, below the control plane's own prefix."""
    store = MemoryStore()
    files = AnchorFiles(store, PLANE)
    written = anchor(entry("a"), previous="before")
    files.write(written)
    assert files.numbers() == [1]
    assert files.read(1) == written
    assert [stored.key for stored in store.list()] == [f"audit/{PLANE}/00000001.jsonl"]


@pytest.mark.parametrize("data", [b"", b"{}\n", b"\xff", b'{"seal": "", "entries": 0}\n'])
def test_a_file_that_is_no_anchor_is_refused(data: bytes) -> None:
    """It is not taken for an empty one."""
    store = MemoryStore()
    files = AnchorFiles(store, PLANE)
    store.put(files.name(1), data)
    with pytest.raises(BadInput):
        files.read(1)
