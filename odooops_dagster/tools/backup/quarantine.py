"""Objects that were found damaged: the next backup that needs one writes it anew, which mends the older ones too."""

from __future__ import annotations

from collections.abc import Iterable

from odooops_dagster.tools.backup.repository import Repository


def quarantined(repository: Repository) -> frozenset[str]:
    """Return the names of the objects that were found damaged and not read back whole since."""
    folder = _folder(repository)
    return frozenset(found.key.removeprefix(folder) for found in repository.store.list(folder))


def quarantine(repository: Repository, names: Iterable[str]) -> None:
    """Note that these objects are damaged."""
    for name in sorted(names):
        repository.store.put(_folder(repository) + name, b"found damaged\n", content_type="text/plain")


def release_from_quarantine(repository: Repository, names: Iterable[str]) -> None:
    """Forget what was noted of these objects: they were just read back whole."""
    for name in quarantined(repository).intersection(names):
        repository.store.delete(_folder(repository) + name)


def _folder(repository: Repository) -> str:
    return f"{repository.prefix}distrusted/"
