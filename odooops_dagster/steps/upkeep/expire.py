"""Remove expired data: rows in batches, objects before the rows that point to them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Expiry
from odooops_dagster.steps.core.evidence import object_at
from odooops_dagster.tools.store import ObjectStore


@dataclass(frozen=True, kw_only=True)
class RemovedArtifacts:
    """The numbers of removed objects and rows, and the addresses that are not in this store."""

    objects: int
    rows: int
    elsewhere: tuple[str, ...]


def expire_rows(control: ControlPlane, *, patience_seconds: float) -> list[Expiry]:
    """Remove old log lines, deliveries and months of events in batches, until none is left or time is up."""
    end = time.monotonic() + patience_seconds
    done: list[Expiry] = []
    while removed := control.retention.expire("logs", "ingest", "events"):
        done += removed
        if time.monotonic() > end or all(expiry.action == "kept" for expiry in removed):
            break
    return done


def remove_artifacts(control: ControlPlane, store: ObjectStore) -> RemovedArtifacts:
    """Remove the unused objects, then their rows; after a kill in between, the next call continues."""
    urls = [url for expiry in control.retention.expire("artifacts") for url in expiry.s3_urls]
    ours = [url for url in urls if _remove(store, url)]
    rows = control.retention.remove_artifacts(ours) if ours else 0
    return RemovedArtifacts(objects=len(ours), rows=rows, elsewhere=tuple(url for url in urls if url not in set(ours)))


def _remove(store: ObjectStore, url: str) -> bool:
    """Remove the object and return true; return false if its address is not in this store."""
    key = object_at(url)
    if key is None:
        return False
    stored = store.stat(key)
    if stored is not None and stored.url != url:
        return False
    store.delete(key)
    return True
