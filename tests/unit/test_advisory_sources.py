"""Advisories are read from OpenUpgrade's form and from files of people, and faults are named with their place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput, StepFailed
from odooops_dagster.tools.advisories.analysis import read_analysis
from odooops_dagster.tools.advisories.openupgrade import read_openupgrade
from odooops_dagster.tools.advisories.own_file import OwnFile, read_own_file, schema_text

ANALYSIS = """\
---Models in module 'shop'---
obsolete model shop.wizard [transient]
obsolete model shop.box (renamed to shop.crate in module store) [abstract]
obsolete model shop.bag (merged to shop.crate)
model shop.till (moved to cash)
model shop.till (moved from cash)
new model shop.crate
---Fields in module 'shop'---
shop         / shop.order               / tax_id (many2one)             : DEL relation: account.tax
shop         / shop.order               / kind (False)                  : DEL selection_keys: ['a'], mode: modify
shop         / shop.order               / day (date)                    : type is now 'datetime' ('date')
shop         / shop.order               / box_id (many2one)             : module is now 'store' ('shop')
shop         / shop.order               / _order                        : _order is now 'id' ('name')
shop         / shop.order               / total (float)                 : not stored anymore
shop         / shop.order               / more (char)                   : NEW
---XML records in module 'shop'---
NEW ir.ui.view: shop.view_new
DEL ir.ui.view: shop.view_old
DEL ir.rule: shop.rule [renamed to store module] (noupdate)
DEL ir.ui.menu: shop.same
NEW ir.ui.view: shop.same
ir.rule: shop.other (noupdate switched)
"""
OWN = {
    "name": "acme-notes",
    "from_series": "18.0",
    "to_series": "19.0",
    "advisories": [
        {"kind": "field_removed", "subject": "sale.order.x_old", "summary": "Use x_new.", "guide": "See wiki."},
    ],
}  # fmt: skip


def test_each_line_of_an_analysis_is_one_fact_in_words_of_ours() -> None:
    """What is new or only comes from elsewhere is none."""
    found = list(read_analysis(ANALYSIS, module="shop", origin="shop.txt"))
    assert [(item.kind, item.severity, item.subject, item.replacement) for item in found] == [
        ("model_removed", "critical", "shop.wizard", None),
        ("model_renamed", "critical", "shop.box", "shop.crate"),
        ("model_merged", "critical", "shop.bag", "shop.crate"),
        ("model_moved", "info", "shop.till", "cash"),
        ("field_removed", "critical", "shop.order.tax_id", None),
        ("field_changed", "info", "shop.order.kind", None),
        ("field_changed", "warning", "shop.order.day", None),
        ("field_moved", "info", "shop.order.box_id", "store"),
        ("field_changed", "info", "shop.order._order", None),
        ("field_changed", "warning", "shop.order.total", None),
        ("xml_id_removed", "critical", "shop.view_old", None),
        ("xml_id_moved", "critical", "shop.rule", "store.rule"),
        ("xml_id_changed", "warning", "shop.same", None),
        ("xml_id_changed", "info", "shop.other", None),
    ]
    assert found[6].summary == "The type of field shop.order.day changes from date to datetime."
    assert found[0].origin == "shop.txt:2"


def test_a_rename_that_a_script_lists_is_the_replacement(tmp_path: Path) -> None:
    """The script itself is only parsed: what it would do does not happen."""
    addon = tmp_path / "odoo" / "addons" / "openupgrade_scripts"
    (tmp_path / "odoo_addon_openupgrade_scripts-19.0.1.0.0.1.dist-info").mkdir()
    script = addon / "scripts" / "shop" / "19.0.1.0"
    script.mkdir(parents=True)
    (addon / "apriori.py").write_text('renamed_modules = {"a": "b"}\nmerged_modules = {"c": "d"}\n')
    (script / "upgrade_analysis.txt").write_text(ANALYSIS)
    (script / "pre-migration.py").write_text(
        'raise SystemExit\nFIELDS = [("shop.order", "shop_order", "tax_id", "tax_ids")]\n'
        'XML_IDS = [("shop.view_old", "shop.view")]\n'
    )
    source = read_openupgrade(tmp_path, "19.0")
    assert (source.from_version, source.to_version, source.release) == ("18.0", "19.0", "19.0.1.0.0.1")
    found = {item.subject: (item.kind, item.replacement) for item in source.items}
    assert found["a"] == ("module_renamed", "b")
    assert found["c"] == ("module_merged", "d")
    assert found["shop.order.tax_id"] == ("field_removed", "shop.order.tax_ids")
    assert found["shop.view_old"] == ("xml_id_moved", "shop.view")
    with pytest.raises(StepFailed, match=r"are 19\.0\.1\.0\.0\.1, not of 20\.0"):
        read_openupgrade(tmp_path, "20.0")
    with pytest.raises(StepFailed, match="has no"):
        read_openupgrade(tmp_path / "odoo", "19.0")


YAML = """\
name: acme-notes
from_series: "18.0"
to_series: "19.0"
advisories:
  - {kind: field_removed, subject: sale.order.x_old, summary: Use x_new., guide: See wiki.}
"""
TOML = """\
name = "acme-notes"
from_series = "18.0"
to_series = "19.0"
[[advisories]]
kind = "field_removed"
subject = "sale.order.x_old"
summary = "Use x_new."
guide = "See wiki."
"""


@pytest.mark.parametrize(("name", "text"), [("own.json", json.dumps(OWN)), ("own.yaml", YAML), ("own.toml", TOML)])
def test_a_file_of_each_form_says_the_same(tmp_path: Path, name: str, text: str) -> None:
    """Its hash is that of its bytes."""
    path = tmp_path / name
    path.write_text(text)
    source = read_own_file(path)
    assert (source.name, source.from_version, source.to_version, len(source.sha256)) == (
        "acme-notes",
        "18.0",
        "19.0",
        64,
    )
    [item] = source.items
    assert (item.kind, item.severity, item.subject, item.guide) == (
        "field_removed", "warning", "sale.order.x_old", "See wiki.",
    )  # fmt: skip


@pytest.mark.parametrize(("change", "told"), [
    ({"advisories": [{"kind": "gone", "subject": "a", "summary": "b"}]}, "advisories.1.kind: Input should be"),
    ({"advisories": [{"kind": "field_removed", "subject": "a", "summary": "b"}]}, "has the form model.field"),
    ({"advisories": [{"kind": "module_renamed", "subject": "a.b", "summary": "b"}]}, "is the name of a module"),
    ({"advisories": [{"kind": "note", "subject": "a", "summary": "b", "size": 1}]}, "advisories.1.size: Extra"),
    ({"to_series": "17.0"}, "18.0 to 17.0 is no way up"),
    ({"name": "openupgrade"}, "belongs to OpenUpgrade"),
])  # fmt: skip
def test_a_fault_is_named_with_its_place(tmp_path: Path, change: dict[str, object], told: str) -> None:
    """The hint leads to the schema."""
    path = tmp_path / "own.json"
    path.write_text(json.dumps({**OWN, **change}))
    with pytest.raises(BadInput) as refusal:
        read_own_file(path)
    assert told in str(refusal.value)
    assert refusal.value.hint == "compare it with ops upgrade advisories schema"


@pytest.mark.parametrize(("name", "text", "told"), [
    ("own.json", "{", "cannot be read"),
    ("own.txt", "{}", "neither TOML, YAML nor JSON"),
    ("own.yaml", "[", "cannot be read"),
])  # fmt: skip
def test_what_is_no_such_file_is_said_in_one_line(tmp_path: Path, name: str, text: str, told: str) -> None:
    """A missing file too."""
    with pytest.raises(BadInput, match="No such file"):
        read_own_file(tmp_path / name)
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=told) as refusal:
        read_own_file(tmp_path / name)
    assert "\n" not in str(refusal.value)


def test_the_published_schema_is_that_of_the_file() -> None:
    """Editors get what the command checks."""
    schema = json.loads(schema_text())
    assert set(schema["properties"]) == set(OwnFile.model_fields)
    assert schema["additionalProperties"] is False
