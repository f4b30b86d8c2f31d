"""Modules that went in an upgrade: what became of them."""

from __future__ import annotations

from typing import Any

from odooops_dagster.model.advisories import Advisory, AdvisoryKind
from odooops_dagster.tools.postgres.odoo_snapshot import KINDS, OdooSnapshot
from odooops_dagster.tools.upgrade_report.form import Renamed
from odooops_dagster.tools.upgrade_report.module_moves import module_moves


def test_a_record_with_another_name_is_renamed() -> None:
    """A migration script wrote the name."""
    assert moved(snapshot(shop=7), snapshot(store=7)) == ([("shop", "store", "the same record")], [])


def test_a_module_whose_fields_another_has_is_merged() -> None:
    """The field that it shares with others says nothing."""
    before = snapshot(shop=7, sale=8, fields={"sale.a": ["shop"], "sale.b": ["shop"], "sale.c": ["sale", "shop"]})
    after = snapshot(sale=8, fields={"sale.a": ["sale"], "sale.b": ["sale"], "sale.c": ["sale"]})
    assert moved(before, after) == ([], [("shop", "sale", "2 of its 2 models and fields are of that now")])


def test_a_new_module_with_its_fields_is_a_new_name() -> None:
    """Two modules that end in one new one are merged."""
    before = snapshot(shop=7, stall=8, fields={"sale.a": ["shop"], "sale.b": ["stall"]})
    one = snapshot(stall=8, store=9, fields={"sale.a": ["store"], "sale.b": ["stall"]})
    assert moved(before, one)[0] == [("shop", "store", "1 of its 1 models and fields are of that now")]
    both = snapshot(store=9, fields={"sale.a": ["store"], "sale.b": ["store"]})
    assert [move[:2] for move in moved(before, both)[1]] == [("shop", "store"), ("stall", "store")]


def test_a_module_whose_fields_are_gone_is_removed() -> None:
    """Neither is one that left the smaller part of them to another."""
    before = snapshot(shop=7, sale=8, fields={f"sale.{name}": ["shop"] for name in "abc"})
    assert moved(before, snapshot(sale=8)) == ([], [])
    assert moved(before, snapshot(sale=8, fields={"sale.a": ["sale"]})) == ([], [])


def test_advisories_are_followed_through_every_series() -> None:
    """Only to a module that is installed then; a circle ends."""
    known = [advisory("module_renamed", "a", "b"), advisory("module_merged", "b", "c"), advisory("note", "x", "c")]
    why = "openupgrade: b becomes c."
    assert moved(snapshot(a=1, c=2, x=3), snapshot(c=2), *known) == ([], [("a", "c", why)])
    assert moved(snapshot(a=1), snapshot(c=2), *known) == ([("a", "c", why)], [])
    assert moved(snapshot(a=1), snapshot(d=2), *known) == ([], [])
    circle = [advisory("module_renamed", "a", "b"), advisory("module_renamed", "b", "a")]
    assert moved(snapshot(a=1), snapshot(d=2), *circle) == ([], [])


def moved(
    before: OdooSnapshot, after: OdooSnapshot, *advisories: Advisory
) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """Return the renamed and the merged modules in words."""
    renamed, merged = module_moves(before, after, advisories=advisories)
    return list(map(_words, renamed)), list(map(_words, merged))


def snapshot(*, fields: dict[str, list[str]] | None = None, **modules: int) -> OdooSnapshot:
    """Return a database with these modules by the id of their record, and fields by the modules that have them."""
    things: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
    things["modules"] = {name: {"id": number, "state": "installed"} for name, number in modules.items()}
    things["fields"] = {name: {"owners": owners} for name, owners in (fields or {}).items()}
    return OdooSnapshot(things=things, rows={}, values={}, database_bytes=0)


def advisory(kind: AdvisoryKind, old: str, new: str) -> Advisory:
    """Return an advisory about a module."""
    return Advisory(
        kind=kind,
        severity="warning",
        module=old,
        subject=old,
        replacement=new,
        summary=f"{old} becomes {new}.",
        source="openupgrade",
    )


def _words(move: Renamed) -> tuple[str, str, str]:
    return move.before, move.after, move.why
