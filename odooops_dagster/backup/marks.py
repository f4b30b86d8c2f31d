"""Who works on the backups now: writers together, one collector alone; see docs/backup-format.md, "Collection"."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal

from odooops_dagster.backup.repository import Repository
from odooops_dagster.errors import Conflict, NotFound, OdooOpsError

Kind = Literal["writing", "collecting"]

# A mark that was not renewed for so long is of a process that died.
LIFE = timedelta(minutes=15)
RENEWED_EVERY = timedelta(minutes=1)
# Who marked may act for so long after the last renewal; the rest of a life is for one request that is under way.
TRUSTED = LIFE / 3


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Mark:
    """A sign in the store that its maker lives; whoever holds it asks `check` before each step that relies on it."""

    def __init__(self, repository: Repository, key: str, clock: Callable[[], datetime]) -> None:
        self._repository = repository
        self._key = repository.prefix + key
        self._clock = clock
        self.renewed_at = clock()

    def renew(self) -> None:
        """Say that we live."""
        now = self._clock()
        self._repository.store.put(self._key, json.dumps({"renewed_at": now.isoformat()}).encode())
        self.renewed_at = now

    def check(self) -> None:
        """Raise Conflict where others may think that we died."""
        if not timedelta() <= self._clock() - self.renewed_at < TRUSTED:
            raise Conflict(f"{self._key} was not renewed in time", hint="start again: what was uploaded is found there")

    def remove(self) -> None:
        """Say that we are done."""
        self._repository.store.delete(self._key)


@contextmanager
def marked(
    repository: Repository, kind: Kind, mark_id: str, *, clock: Callable[[], datetime] = utc_now
) -> Iterator[Mark]:
    """Hold a mark while the block runs; each side marks first and looks second, so that one of two sees the other.

    Raises:
        Conflict: a collector is at work, or, for a collector, anybody is.
    """
    mark = Mark(repository, f"marks/{kind}/{mark_id}", clock)
    mark.renew()
    try:
        for other in ("collecting",) if kind == "writing" else ("writing", "collecting"):
            _stand_back(repository, f"marks/{other}/", own=f"marks/{kind}/{mark_id}", now=clock())
        with _renewing(mark):
            yield mark
    finally:
        mark.remove()


def _stand_back(repository: Repository, folder: str, *, own: str, now: datetime) -> None:
    for found in repository.store.list(repository.prefix + folder):
        key = found.key.removeprefix(repository.prefix)
        if key != own and _lives(repository, found.key, now):
            raise Conflict(f"{key} is at work on these backups", hint="try again when it is done")


def _lives(repository: Repository, key: str, now: datetime) -> bool:
    try:
        renewed_at = datetime.fromisoformat(json.loads(repository.store.get(key))["renewed_at"])
    except NotFound:
        return False
    except (ValueError, KeyError, TypeError):
        return True  # nobody knows; a person may remove it
    return now - renewed_at < LIFE


@contextmanager
def _renewing(mark: Mark) -> Iterator[None]:
    """Renew in the background; a store that does not answer shows at the next `check`."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(RENEWED_EVERY.total_seconds()):
            try:
                mark.renew()
            except OdooOpsError:
                continue

    thread = threading.Thread(target=renew, name="backup mark", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
