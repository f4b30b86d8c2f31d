"""Splits the changed modules of a preview into groups that no module joins, so that each is updated by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from odooops_dagster.model import Build
from odooops_dagster.steps.environment.update import Changes
from odooops_dagster.tools.odoo import modules

Group = tuple[str, ...]

# Each group costs a start of Odoo and a copy of the database.
_MOST = 4


def groups_of(changes: Changes, source: Build, target: Build, installed: Collection[str]) -> tuple[Group, ...]:
    """Return the groups in which the changed modules may be updated one after the other; one group if that is unsafe.

    Two modules are in one group if a module of either build needs both: Odoo updates what depends on a module with it.

    Args:
        changes: the modules to install and to update.
        source: the build that serves the data now; it has the former code of what waits for its turn.
        target: the build that shall serve them.
        installed: the modules that the data have.
    """
    is_same_odoo = (source.odoo_revision, source.python_digest) == (target.odoo_revision, target.python_digest)
    is_known = all(modules.find(name, source.addons_paths) for name in changes.changed)
    if changes.new or not is_same_odoo or not is_known:
        return (tuple(changes.changed),)
    needed = (_needs(name, (source, target)) for name in installed if not modules.is_odoos(name, target.addons_paths))
    return _limited(_joined(changes.changed, needed))


def in_order(groups: Iterable[Group], settled: Collection[Group]) -> tuple[Group, ...]:
    """Return the groups with those last that people work at, so that what was done before them can be kept."""
    return tuple(sorted(groups, key=lambda group: (group not in settled, group)))


def subsets(groups: Sequence[Group]) -> Iterator[frozenset[Group]]:
    """Yield the sets of some of the groups, not of all, the largest first."""
    for size in range(len(groups) - 1, 0, -1):
        yield from map(frozenset, combinations(groups, size))


def unchanged(groups: Iterable[Group], now: Mapping[str, str], then: Mapping[str, str]) -> tuple[Group, ...]:
    """Return the groups whose modules have the checksums that they had then."""
    return tuple(group for group in groups if all(then.get(name) == now[name] for name in group))


def _needs(name: str, builds: Sequence[Build]) -> frozenset[str]:
    paths: list[tuple[Path, ...]] = [build.addons_paths for build in builds]
    return frozenset().union(*(modules.walk([name], each).found for each in paths))


def _joined(changed: Sequence[str], needed: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    groups = [frozenset({name}) for name in changed]
    for names in needed:
        met = [group for group in groups if group & names]
        if len(met) > 1:
            groups = [group for group in groups if group not in met] + [frozenset().union(*met)]
    return groups


def _limited(groups: Collection[frozenset[str]]) -> tuple[Group, ...]:
    ordered = sorted((tuple(sorted(group)) for group in groups), key=lambda group: (-len(group), group))
    alone, rest = ordered[: _MOST - 1], ordered[_MOST - 1 :]
    return (*alone, *([tuple(sorted(name for group in rest for name in group))] if rest else []))
