"""Removes objects to which no manifest refers; the argument why that is safe is in docs/backup-format.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from odooops_dagster.errors import NotFound
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repository import TWINS, Repository
from odooops_dagster.tools.backup.repository_lock import LOCK_TTL, Mark, marked, remove_dead, utc_now


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What was, or in a rehearsal would be, removed."""

    keys: tuple[str, ...]
    freed_bytes: int
    kept_count: int


def collect(
    repository: Repository, *, collector_id: str, dry_run: bool = False, clock: Callable[[], datetime] = utc_now
) -> Collection:
    """Remove the objects that no backup needs.

    Raises:
        Conflict: someone else works on these backups, or a manifest cannot be read: nothing is removed then.
    """
    with marked(repository, "collecting", collector_id, clock=clock) as mark:
        needed = {piece.key for manifest in _manifests(repository) for piece in manifest.objects.values()}
        sizes = repository.sizes()
        doomed = sorted(sizes.keys() - needed)
        if not dry_run:
            _remove(repository, doomed, mark)
            _remove(repository, [TWINS + key for key in repository.twins() if key not in needed], mark)
            _sweep(repository, now=clock())
    return Collection(
        keys=tuple(doomed), freed_bytes=sum(sizes[key] for key in doomed), kept_count=len(sizes) - len(doomed)
    )


def drop(repository: Repository, manifest_key: str) -> None:
    """Forget a backup; its objects go with the next collection, where no other backup needs them."""
    repository.store.delete(repository.prefix + manifest_key)


def _manifests(repository: Repository) -> Iterator[Manifest]:
    for key in repository.manifests():
        try:
            yield repository.manifest(key)
        except NotFound:
            if key in repository.manifests():
                raise
            # Dropped meanwhile.


def _remove(repository: Repository, keys: list[str], mark: Mark) -> None:
    for key in keys:
        mark.check()
        repository.store.delete(repository.prefix + key)


def _sweep(repository: Repository, *, now: datetime) -> None:
    """Remove what killed ones left: marks, and files that a folder store never finished."""
    remove_dead(repository, now=now)
    repository.store.sweep(repository.prefix, before=now - LOCK_TTL)
