"""Removes objects that no manifest refers to; docs/backup-format.md explains why this is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from odooops_dagster.errors import NotFound
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.parallel import Progress, silent
from odooops_dagster.tools.backup.repository import TWINS, Repository
from odooops_dagster.tools.backup.repository_lock import LOCK_TTL, RepositoryLock, lock_repository, remove_dead, utc_now


@dataclass(frozen=True, kw_only=True)
class Collection:
    """The objects that a collection removed, or would remove in a dry run."""

    keys: tuple[str, ...]
    freed_bytes: int


def collect(
    repository: Repository,
    *,
    collector_id: str,
    dry_run: bool = False,
    clock: Callable[[], datetime] = utc_now,
    progress: Progress = silent,
) -> Collection:
    """Remove the objects that no backup needs, and return them.

    Raises:
        Conflict: another process works on these backups, or a manifest cannot be read; nothing is removed.
    """
    with lock_repository(repository, "collecting", collector_id, clock=clock) as lock:
        needed = {piece.key for manifest in _manifests(repository) for piece in manifest.objects.values()}
        sizes = repository.sizes()
        doomed = sorted(sizes.keys() - needed)
        if not dry_run:
            _remove(repository, doomed, lock, sizes=sizes, progress=progress)
            _remove(repository, [TWINS + key for key in repository.twins() if key not in needed], lock)
            _sweep(repository, now=clock())
    return Collection(keys=tuple(doomed), freed_bytes=sum(sizes[key] for key in doomed))


def drop(repository: Repository, manifest_key: str) -> None:
    """Delete a backup's manifest; the next collection removes the objects that no other backup needs."""
    repository.store.delete(repository.prefix + manifest_key)


def _manifests(repository: Repository) -> Iterator[Manifest]:
    for key in repository.manifests():
        try:
            yield repository.manifest(key)
        except NotFound:
            if key in repository.manifests():
                raise
            # The backup was dropped meanwhile.


def _remove(
    repository: Repository,
    keys: Sequence[str],
    lock: RepositoryLock,
    *,
    sizes: Mapping[str, int] = MappingProxyType({}),
    progress: Progress = silent,
) -> None:
    done, whole = 0, sum(sizes.get(key, 0) for key in keys)
    for key in keys:
        lock.check()
        repository.store.delete(repository.prefix + key)
        done += sizes.get(key, 0)
        progress("objects removed", done, whole)


def _sweep(repository: Repository, *, now: datetime) -> None:
    """Remove the leftovers of killed processes: locks, and unfinished files of a folder store."""
    remove_dead(repository, now=now)
    repository.store.sweep(repository.prefix, before=now - LOCK_TTL)
