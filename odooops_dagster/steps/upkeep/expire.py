"""Remove expired data: rows in batches, objects before the rows that point to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Expiry
from odooops_dagster.steps.core.evidence import object_at
from odooops_dagster.tools.store import ObjectStore

# Objects between two deletions of rows, and so between two lines of progress.
_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class RemovedArtifacts:
    """The numbers of removed objects and rows, and the addresses that are not in this store."""

    objects: int
    rows: int
    elsewhere: tuple[str, ...]

    def __str__(self) -> str:
        """Return the numbers in one line, with the first addresses."""
        if not self.objects and not self.elsewhere:
            return "no artifact is past its time"
        text = f"{self.objects} object(s) removed, {self.rows} artifact(s) forgotten"
        return f"{text}; not in this store: {', '.join(self.elsewhere[:10])}" if self.elsewhere else text


def expire_rows(control: ControlPlane, *, progress: Callable[[str], object] = lambda _: None) -> list[Expiry]:
    """Remove old log lines, deliveries, attempts, mails and months of events in batches, until none is left."""
    done: list[Expiry] = []
    while removed := control.retention.expire("logs", "ingest", "egress", "mails", "events"):
        done += removed
        for expiry in removed:
            progress(str(expiry))
        if all(expiry.action == "kept" for expiry in removed):
            break
    return done


def remove_artifacts(
    control: ControlPlane, store: ObjectStore, *, progress: Callable[[str], object] = lambda _: None
) -> RemovedArtifacts:
    """Remove the unused objects, then their rows; after a kill in between, the next call continues."""
    objects = rows = 0
    elsewhere: dict[str, None] = {}
    while urls := [url for url in _condemned(control) if url not in elsewhere]:
        for start in range(0, len(urls), _BATCH):
            ours = list(_removed(store, urls[start : start + _BATCH], elsewhere))
            rows += control.retention.remove_artifacts(ours) if ours else 0
            objects += len(ours)
            progress(f"{objects} object(s) removed of {max(objects, len(urls))} that are past their time")
    return RemovedArtifacts(objects=objects, rows=rows, elsewhere=tuple(elsewhere))


def _condemned(control: ControlPlane) -> list[str]:
    return [url for expiry in control.retention.expire("artifacts") for url in expiry.s3_urls]


def _removed(store: ObjectStore, urls: Sequence[str], elsewhere: dict[str, None]) -> Iterator[str]:
    """Remove the objects and yield their addresses; add an address that is not in this store to `elsewhere`."""
    for url in urls:
        if _remove(store, url):
            yield url
        else:
            elsewhere[url] = None


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
