"""Damaged objects: the next backup that needs one rewrites it, which also repairs older backups."""

from __future__ import annotations

from collections.abc import Iterable

from odooops_dagster.tools.backup.repository import Repository


def quarantined(repository: Repository) -> frozenset[str]:
    """Return the names of the quarantined objects."""
    folder = _folder(repository)
    return frozenset(found.key.removeprefix(folder) for found in repository.store.list(folder))


def quarantine(repository: Repository, names: Iterable[str]) -> None:
    """Mark these objects as damaged."""
    for name in sorted(names):
        repository.store.put(_folder(repository) + name, b"found damaged\n", content_type="text/plain")


def release_from_quarantine(repository: Repository, names: Iterable[str]) -> None:
    """Remove these objects from quarantine, after a successful verification."""
    for name in quarantined(repository).intersection(names):
        repository.store.delete(_folder(repository) + name)


def _folder(repository: Repository) -> str:
    return f"{repository.prefix}distrusted/"
