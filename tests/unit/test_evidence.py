"""Evidence is bytes first, row after."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from odooops_dagster.errors import BadInput, Fenced
from odooops_dagster.model import Evidence, Fence
from odooops_dagster.steps.core import evidence
from odooops_dagster.tools.store import MemoryStore, Source, StoredObject
from odooops_dagster.tools.store.addressed import object_name

FENCE = Fence(run_id=uuid4(), attempt=1, worker_id="worker")
LATER = datetime(2030, 1, 1, tzinfo=UTC)


class Rows:
    """Rows of a run that is, or is not, still ours; each must point to bytes that are there."""

    def __init__(self, store: MemoryStore, *, lost: bool = False) -> None:
        self.added: list[tuple[Fence, Evidence, datetime | None]] = []
        self._store = store
        self._lost = lost

    def add(self, fence: Fence, evidence: Evidence, *, expires_at: datetime | None = None) -> None:
        """Write the row."""
        if self._lost:
            raise Fenced
        assert hashlib.sha256(self._store.get(f"sha256/{evidence.sha256[:2]}/{evidence.sha256}")).hexdigest()
        self.added.append((fence, evidence, expires_at))


class CountingStore(MemoryStore):
    """A memory store that counts its uploads."""

    puts = 0

    def put(self, key: str, source: Source, *, content_type: str = "") -> StoredObject:
        """Count and put."""
        self.puts += 1
        return super().put(key, source, content_type=content_type)


def test_bytes_are_kept_under_their_hash_before_the_row_points_to_them() -> None:
    """The row names key, hash, size and type."""
    store = MemoryStore()
    rows = Rows(store)
    kept = evidence.record(
        rows, store, FENCE, key="build.json", data=b"{}", content_type="application/json", expires_at=LATER
    )
    sha256 = hashlib.sha256(b"{}").hexdigest()
    assert kept == Evidence(
        key="build.json",
        url=f"memory:sha256/{sha256[:2]}/{sha256}",
        sha256=sha256,
        size_bytes=2,
        content_type="application/json",
    )
    assert rows.added == [(FENCE, kept, LATER)]


def test_a_file_is_kept_as_it_is_now(tmp_path: Path) -> None:
    """What is hashed is what is kept, though a log may grow on."""
    path = tmp_path / "odoo.log"
    path.write_bytes(b"line\n" * 1000)
    store = MemoryStore()
    kept = evidence.record(Rows(store), store, FENCE, key="odoo.log", path=path, content_type="text/plain")
    path.write_bytes(b"other")
    assert kept.size_bytes == 5000
    assert store.get(object_name(kept.sha256)) == b"line\n" * 1000


def test_the_same_bytes_are_uploaded_once() -> None:
    """Two keys may point to one object."""
    store = CountingStore()
    rows = Rows(store)
    for key in ("one.txt", "two.txt"):
        evidence.record(rows, store, FENCE, key=key, data=b"same", content_type="text/plain")
    assert store.puts == 1
    assert len(rows.added) == 2


def test_an_object_of_another_size_is_put_again() -> None:
    """Half an object, left by some other tool, is no evidence."""
    store = MemoryStore()
    name = object_name(hashlib.sha256(b"whole").hexdigest())
    store.put(name, b"wh")
    evidence.record(Rows(store), store, FENCE, key="a", data=b"whole", content_type="text/plain")
    assert store.get(name) == b"whole"


def test_a_run_that_lost_its_lease_cannot_record() -> None:
    """The refusal of the row reaches the caller."""
    store = MemoryStore()
    with pytest.raises(Fenced):
        evidence.record(Rows(store, lost=True), store, FENCE, key="a", data=b"x", content_type="text/plain")


def test_evidence_is_either_bytes_or_a_file(tmp_path: Path) -> None:
    """Both or none is a mistake of the caller."""
    store = MemoryStore()
    with pytest.raises(BadInput, match="either bytes or a file"):
        evidence.record(Rows(store), store, FENCE, key="a", content_type="text/plain")
    with pytest.raises(BadInput, match="either bytes or a file"):
        evidence.record(Rows(store), store, FENCE, key="a", data=b"", path=tmp_path / "x", content_type="text/plain")
