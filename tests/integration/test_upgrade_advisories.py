"""`ops upgrade advisories` with the real OpenUpgrade and real modules of the OCA, from the package index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.advisories import Imported
from odooops_dagster.tools.advisories.local import match_folder
from odooops_dagster.tools.advisories.openupgrade import PACKAGE, read_openupgrade
from tests.ops import Ops
from tests.published import published

# Its facts were counted by hand, with grep, in this release.
RELEASE = "19.0.1.0.0.407"
COUNTS = {
    "field_changed": 640,
    "field_moved": 143,
    "field_removed": 465,
    "model_merged": 1,
    "model_moved": 7,
    "model_removed": 36,
    "model_renamed": 14,
    "module_merged": 39,
    "module_renamed": 8,
    "xml_id_changed": 31,
    "xml_id_moved": 588,
    "xml_id_removed": 1737,
}


@pytest.fixture
def ops(tmp_path: Path, operator_url: str, worker_url: str) -> Ops:
    """Return the command over the test's control plane."""
    ops = Ops(tmp_path / "home")
    ops.environment |= {"ODOOOPS_DATABASE_URL": worker_url, "ODOOOPS_OPERATOR_DATABASE_URL": operator_url}
    return ops


def test_the_real_openupgrade_is_imported_once_and_shown(ops: Ops) -> None:
    """51 models, 474 lines of deleted fields (9 of them end only an extension) and 2,335 of deleted ids come in.

    Of the ids, 570 move to another module, 18 are in its scripts' lists of renames, and 10 come back at once.
    """
    published(PACKAGE, RELEASE)  # the test is skipped where the index does not have it
    command = ("upgrade", "advisories", "import", "openupgrade", "--series", "19.0", "--release", RELEASE)
    told = ops.json(*command)
    assert (told["is_new"], told["number"], told["release"], told["counts"]) == (True, 1, RELEASE, COUNTS)
    assert (told["from_version"], told["to_version"]) == ("18.0", "19.0")
    again = ops.run(*command)
    assert again.returncode == 0, again.stderr
    assert "nothing changed" in again.stderr
    [listed] = ops.json("upgrade", "advisories", "list")
    assert (listed["name"], listed["number"], listed["items"]) == ("openupgrade", 1, sum(COUNTS.values()))
    shown = ops.json(
        "upgrade", "advisories", "show", "--from", "18.0", "--to", "19.0", "--about", "sale.order.line.tax_id"
    )
    assert [(item["kind"], item["replacement"]) for item in shown] == [("field_removed", "sale.order.line.tax_ids")]
    folder = published("odoo-addon-sale-order-line-menu", "18.0.1.0.0.11")
    done = ops.run("upgrade", "advisories", "match", str(folder), "--from", "18.0", "--to", "19.0", "--json")
    assert done.returncode == 1, done.stderr
    assert ("sale.order.line.tax_id", "certain") in {
        (row["subject"], row["certainty"]) for row in json.loads(done.stdout)
    }


def test_modules_of_two_series_differ_in_what_goes_away() -> None:
    """The authors moved each of these to 19.0: what is found in 18.0 is what they had to change, and then is gone."""
    source = read_openupgrade(published(PACKAGE, RELEASE).parents[1], "19.0")
    for name, older, newer, expected in (
        ("sale-order-line-menu", "18.0.1.0.0.11", "19.0.1.0.0.8", {
            "sale_order_line_menu/views/sale_order_line_views.xml:40 sale.order.line.product_uom",
            "sale_order_line_menu/views/sale_order_line_views.xml:45 sale.order.line.tax_id",
        }),
        ("queue-job", "18.0.4.1.2.2", "19.0.2.4.0.1", {
            "queue_job/security/security.xml:10 res.groups.category_id",
            "queue_job/security/security.xml:11 res.groups.users",
        }),
        ("partner-firstname", "18.0.6.2.1", "19.0.1.0.3", set()),
    ):  # fmt: skip
        found, unread = match_folder(published(f"odoo-addon-{name}", older), source.items)
        assert not unread
        assert {f"{match.file}:{match.line} {match.advisory.subject}" for match in found if match.certain} == expected
        left, _ = match_folder(published(f"odoo-addon-{name}", newer), source.items)
        assert [match for match in left if match.certain] == [], name


def test_a_projects_own_file_is_for_that_project_alone(ops: Ops, control: ControlPlane, tmp_path: Path) -> None:
    """A changed file replaces the former; a wrong one changes nothing and says what is wrong."""
    control.projects.create("shop", repo_url="https://github.com/acme/shop.git", odoo_version="18.0")
    file = tmp_path / "own.json"
    own: dict[str, Any] = {
        "name": "acme",
        "from_series": "18.0",
        "to_series": "19.0",
        "advisories": [{"kind": "model_removed", "subject": "acme.box", "summary": "It is acme.crate."}],
    }
    file.write_text(json.dumps(own))
    command = ("upgrade", "advisories", "import", str(file), "--project", "shop")
    assert ops.json(*command)["number"] == 1
    assert ops.json("upgrade", "advisories", "list") == []
    own["advisories"].append({"kind": "note", "subject": "acme", "summary": "Read the wiki."})
    file.write_text(json.dumps(own))
    assert ops.json(*command)["number"] == 2
    [listed] = ops.json("upgrade", "advisories", "list", "--project", "shop")
    assert (listed["number"], listed["counts"]) == (2, {"model_removed": 1, "note": 1})
    file.write_text(json.dumps({**own, "to_series": "18.0"}))
    refused = ops.run(*command)
    assert refused.returncode == 1
    assert "18.0 to 18.0 is no way up" in refused.stderr
    module = tmp_path / "addons" / "acme"
    module.mkdir(parents=True)
    (module / "__manifest__.py").write_text("{'name': 'Acme'}")
    (module / "box.py").write_text("BOX = env['acme.box']\n")
    done = ops.run(
        "upgrade", "advisories", "match", str(module.parent), "--from", "18.0", "--to", "20.0", "--project", "shop"
    )
    assert "no advisory for 20.0 is recorded: ops upgrade advisories import openupgrade --series 20.0" in done.stderr
    assert "acme/box.py:1" in done.stdout


def test_the_largest_source_is_recorded_in_one_import(control: ControlPlane) -> None:
    """OpenUpgrade's 17.0 names 43,000 things, most of them accounts of charts; it is read back whole."""
    source = read_openupgrade(published(PACKAGE, "17.0.1.0.1.493").parents[1], "17.0")
    done = control.advisories.record(source)
    assert done == Imported(source_id=done.source_id, number=1, is_new=True, item_count=len(source.items))
    items, unknown = control.advisories.on_the_way("16.0", "18.0")
    assert len(items) == len(source.items) > 40_000
    assert unknown == (("17.0", "18.0"),)
