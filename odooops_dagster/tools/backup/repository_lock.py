"""Locks a repository: many writers, or one collector alone; see docs/backup-format.md, "Collection"."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from odooops_dagster.errors import Conflict, NotFound, OdooOpsError, Unreadable
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.store import FolderStore, StoredObject

Kind = Literal["writing", "collecting"]

# A lock that was not renewed for this long belongs to a dead process.
LOCK_TTL = timedelta(minutes=15)
RENEWED_EVERY = timedelta(minutes=1)
# A lock holder may start requests until LOCK_SAFE after its last renewal; the rest of LOCK_TTL is for one in flight.
LOCK_SAFE = LOCK_TTL / 3
# A request that a killed process sent arrives within this time or not at all.
ARRIVAL_SECONDS = 5.0
# A clock correction moves the time back by less than this.
_STEP = timedelta(minutes=1)


class RepositoryLocked(Conflict):
    """Another process works on these backups, or may have regarded our lock as dead; a retry may succeed."""


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class RepositoryLock:
    """A lock file in the store (a mark of docs/backup-format.md), renewed while its owner lives.

    The owner calls `check` before each step that depends on the lock.
    """

    def __init__(self, repository: Repository, key: str, clock: Callable[[], datetime]) -> None:
        self._repository = repository
        self._clock = clock
        self._lock = threading.Lock()
        self._is_lost = False
        self.key = key
        self.renewed_at = clock()

    def renew(self) -> None:
        """Renew the lock.

        Raises:
            RepositoryLocked: the renewal is too late: others may have regarded the lock as dead.
        """
        with self._lock:
            self.check()
            now = self._clock()
            sign = {"renewed_at": now.isoformat(), "process": _this_process()}
            self._repository.store.put(self._repository.prefix + self.key, json.dumps(sign).encode())
            self.check()  # others saw the old lock until the store had the new one
            self.renewed_at = now

    def check(self) -> None:
        """Raise RepositoryLocked if others may regard the lock as dead; a lost lock stays lost."""
        self._is_lost |= not -_STEP < self._clock() - self.renewed_at < LOCK_SAFE
        if self._is_lost:
            hint = "start again: what was uploaded is found there"
            raise RepositoryLocked(f"{self.key} was not renewed in time", hint=hint)

    def remove(self) -> None:
        """Delete the lock; if the store refuses, the lock expires."""
        with suppress(OdooOpsError):
            self._repository.store.delete(self._repository.prefix + self.key)


@contextmanager
def lock_repository(
    repository: Repository, kind: Kind, owner: str, *, clock: Callable[[], datetime] = utc_now
) -> Iterator[RepositoryLock]:
    """Hold a lock for the block; each side writes its lock before it looks for others, so that one sees the other.

    Raises:
        RepositoryLocked: a collector is at work; for a collector, also if a writer is.
    """
    # Each attempt has its own lock, so that a late attempt does not remove the lock of another.
    lock = RepositoryLock(repository, f"marks/{kind}/{owner}.{secrets.token_hex(4)}", clock)
    try:
        lock.renew()
        for other in ("collecting",) if kind == "writing" else ("writing", "collecting"):
            _stand_back(repository, f"marks/{other}/", own=lock.key, now=clock())
        with _renewing(lock):
            yield lock
    finally:
        lock.remove()


def remove_dead(repository: Repository, *, now: datetime) -> None:
    """Remove the locks of dead processes; only a collector may call this."""
    for found in repository.store.list(f"{repository.prefix}marks/"):
        if not _lives(repository, found, now):
            repository.store.delete(found.key)


def _stand_back(repository: Repository, folder: str, *, own: str, now: datetime) -> None:
    others = [lock for lock in repository.store.list(repository.prefix + folder) if lock.key != repository.prefix + own]
    for lock in others:
        if _lives(repository, lock, now):
            hint = f"try again when it is done; if nobody is at work, in {int(LOCK_TTL.total_seconds() / 60)} minutes"
            raise RepositoryLocked(f"{lock.key.removeprefix(repository.prefix)} is at work on these backups", hint=hint)
    if others and not isinstance(repository.store, FolderStore):
        time.sleep(ARRIVAL_SECONDS)


def _lives(repository: Repository, lock: StoredObject, now: datetime) -> bool:
    """Return whether the lock's owner may be at work; for an unreadable lock, the store's modification time decides."""
    try:
        sign = json.loads(repository.store.get(lock.key))
        age = now - datetime.fromisoformat(sign["renewed_at"])
        return age < LOCK_TTL and not _has_ended(sign.get("process"))
    except NotFound:
        return False
    except (ValueError, KeyError, TypeError, AttributeError, Unreadable):
        return now - lock.modified_at < LOCK_TTL


def _this_process() -> str | None:
    """Return boot id, pid namespace and pid, by which processes of this machine can tell whether this one runs."""
    machine = _machine()
    return f"{machine}/{os.getpid()}" if machine else None


def _has_ended(process: str | None) -> bool:
    """Return whether a process of this machine has certainly ended; False for other machines."""
    machine, _, number = (process or "").rpartition("/")
    if not machine or machine != _machine():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False  # it runs as another user, or the number is not a pid
    return False


def _machine() -> str | None:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None


@contextmanager
def _renewing(lock: RepositoryLock) -> Iterator[None]:
    """Renew the lock in the background; the next `check` fails if the store did not answer."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(RENEWED_EVERY.total_seconds()):
            try:
                lock.renew()
            except OdooOpsError:
                continue

    thread = threading.Thread(target=renew, name="backup lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
