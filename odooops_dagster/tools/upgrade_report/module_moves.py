"""Modules that disappeared: renamed, or merged into another, by the database and by advisories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from odooops_dagster.model.advisories import Advisory
from odooops_dagster.tools.postgres.odoo_snapshot import OdooSnapshot, Thing
from odooops_dagster.tools.upgrade_report.form import Renamed

INSTALLED = frozenset({"installed", "to upgrade", "to remove"})
_KINDS = ("module_renamed", "module_merged")


def installed(snapshot: OdooSnapshot | None) -> dict[str, Thing]:
    """Return the installed modules by name."""
    things: Mapping[str, Thing] = {} if snapshot is None else snapshot.things["modules"]
    return {name: module for name, module in things.items() if module["state"] in INSTALLED}


def module_moves(
    before: OdooSnapshot, after: OdooSnapshot, *, advisories: Iterable[Advisory] = ()
) -> tuple[tuple[Renamed, ...], tuple[Renamed, ...]]:
    """Return the renamed modules, and those that were merged into a module that is installed now.

    Args:
        before: the database before the upgrade.
        after: the same database after it.
        advisories: those of the way between the two series; other kinds than those about modules are passed over.
    """
    known = {item.subject: item for item in advisories if item.kind in _KINDS}
    renamed = tuple(_same_records(before, after))
    explained = {each.before for each in renamed}
    taken = {each.after for each in renamed}
    merged = []
    moves = [
        move
        for name in sorted(set(installed(before)) - set(installed(after)) - explained)
        if (move := _told(name, after, known) or _seen(name, before, after))
    ]
    into = Counter(move.after for move in moves)
    for move in moves:
        is_new = move.after not in installed(before) and move.after not in taken
        if is_new and into[move.after] == 1:
            renamed = (*renamed, move)
        else:
            merged.append(move)
    return tuple(sorted(renamed, key=lambda move: move.before)), tuple(merged)


def _same_records(before: OdooSnapshot, after: OdooSnapshot) -> Iterator[Renamed]:
    """Yield the modules whose record has another name: a migration script renamed them."""
    now = {module["id"]: name for name, module in after.things["modules"].items()}
    for name, module in sorted(before.things["modules"].items()):
        if name not in after.things["modules"] and module["id"] in now:
            yield Renamed(before=name, after=now[module["id"]], why="the same record")


def _told(name: str, after: OdooSnapshot, known: Mapping[str, Advisory]) -> Renamed | None:
    """Return what the advisories say of the module, through every series on the way, if that module is there now."""
    item, new = known.get(name), name
    passed = {name}
    while item is not None and item.replacement and item.replacement not in passed:
        new = item.replacement
        passed.add(new)
        if new in installed(after):
            return Renamed(before=name, after=new, why=f"{item.source or 'an advisory'}: {item.summary}")
        item = known.get(new)
    return None


def _seen(name: str, before: OdooSnapshot, after: OdooSnapshot) -> Renamed | None:
    """Return the module that has most of the models and fields that were of this one alone."""
    own = [
        (kind, thing)
        for kind in ("models", "fields")
        for thing, facts in before.things[kind].items()
        if list(facts.get("owners", ())) == [name]
    ]
    heirs = Counter(
        heir for kind, thing in own for heir in after.things[kind].get(thing, {}).get("owners", ()) if heir != name
    )
    for heir, count in heirs.most_common(1):
        if heir in installed(after) and count * 2 > len(own):
            return Renamed(before=name, after=heir, why=f"{count} of its {len(own)} models and fields are of that now")
    return None
