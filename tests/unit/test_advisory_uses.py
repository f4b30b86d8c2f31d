"""What the code of modules names, with file and line, and how sure that is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from odooops_dagster.model.advisories import Advisory, AdvisoryKind, Match
from odooops_dagster.tools.advisories import uses
from odooops_dagster.tools.advisories.match import find_matches, read_uses
from odooops_dagster.tools.advisories.uses.folder import read_folder

MODULE = {
    "__manifest__.py": "{\n 'name': 'Own',\n 'depends': ['sale', 'old_module'],\n}\n",
    "models/order.py": """\
from odoo import api, fields, models
from odoo.addons.old_module.tools import helper


class Line(models.Model):
    _inherit = "sale.order.line"

    margin_id = fields.Many2one("old.model", related="tax_id.group_id")
    product_uom = fields.Many2one(string="Unit")

    @api.depends("product_uom_qty", "tax_id")
    def _compute(self):
        for line in self.filtered("tax_id"):
            line.tax_id = self.env.ref("sale.gone")
        return [each.product_uom for each in self.env["sale.order.line"].search([("tax_id", "!=", False)])]

    def other(self, record):
        '''A docstring that names sale.order.line.tax_id.'''
        record.tax_id = 1
        self.env["sale.order.line"].create({"tax_id": 3})


class Own(models.Model):
    _name = "own.thing"

    tax_id = fields.Many2one("account.tax")

    def use(self):
        return self.tax_id
""",
    "views/order.xml": """\
<odoo>
  <record id="view" model="ir.ui.view">
    <field name="model">sale.order.line</field>
    <field name="inherit_id" ref="sale.gone"/>
    <field name="arch" type="xml">
      <xpath expr="//field[@name='tax_id']" position="after">
        <field name="product_uom" groups="base.user,!sale.gone_group"/>
      </xpath>
      <field name="order_id"><list><field name="tax_id"/></list></field>
    </field>
  </record>
  <record id="sale.changed" model="old.model">
    <field name="name">x</field>
  </record>
  <menuitem id="menu" parent="sale.gone"/>
  <template id="page" inherit_id="sale.gone"><p t-if="line.tax_id"/></template>
</odoo>
""",
    "security/ir.model.access.csv": "id,name,model_id:id,perm_read\nmine,mine,sale.model_old_model,1\n",
    "migrations/19.0.1/pre.py": "NAME = 'sale.gone'\n",
    "static/src/x.xml": "<t t-call='sale.gone'/>",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one module."""
    for name, text in MODULE.items():
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_every_certain_use_of_a_field_has_its_line(folder: Path) -> None:
    """A field is certain on self, in loops, paths, domains, values and views of its model, and nowhere else."""
    found = _matches(folder, _advisory("field_removed", "sale.order.line.tax_id"))
    assert _places(found, certain=True) == [
        "own/models/order.py:8",
        "own/models/order.py:11",
        "own/models/order.py:13",
        "own/models/order.py:14",
        "own/models/order.py:15",
        "own/models/order.py:20",
        "own/views/order.xml:6",
    ]
    assert _places(found, certain=False) == [], "the module has a field of that name of its own"


def test_a_field_of_an_unknown_model_is_possible_where_nothing_speaks_against_it(folder: Path) -> None:
    """Its module is needed, its model named, its name tells something, and no other model has it in this code."""
    (folder / "own" / "models" / "more.py").write_text("def f(record):\n    return record.product_packaging_id\n")
    item = _advisory("field_removed", "sale.order.line.product_packaging_id")
    assert _places(_matches(folder, item), certain=False) == ["own/models/more.py:2"]
    elsewhere = _advisory("field_removed", "stock.move.product_packaging_id", module="stock")
    assert _matches(folder, elsewhere) == ()


def test_xml_ids_models_and_modules_are_found_in_every_kind_of_file(folder: Path) -> None:
    """Migration scripts and what a browser runs are passed over."""
    assert _places(_matches(folder, _advisory("xml_id_removed", "sale.gone"))) == [
        "own/models/order.py:14",
        "own/views/order.xml:4",
        "own/views/order.xml:15",
        "own/views/order.xml:16",
    ]
    assert _places(_matches(folder, _advisory("xml_id_removed", "sale.gone_group"))) == ["own/views/order.xml:7"]
    assert _places(_matches(folder, _advisory("xml_id_removed", "sale.changed"))) == ["own/views/order.xml:12"]
    assert _places(_matches(folder, _advisory("model_removed", "old.model"))) == [
        "own/models/order.py:8",
        "own/security/ir.model.access.csv:2",
        "own/views/order.xml:12",
    ]
    renamed = _advisory("module_renamed", "old_module", module="old_module")
    assert _places(_matches(folder, renamed)) == ["own/__manifest__.py:3", "own/models/order.py:2"]
    assert [match.module for match in find_matches([renamed], (), installed=["old_module", "sale"])] == ["old_module"]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(folder: Path) -> None:
    """Nesting without end, a large file and half a tag: each is one line."""
    (folder / "own" / "deep.py").write_text("(" * 100_000)
    (folder / "own" / "broken.xml").write_text("<odoo>")
    (folder / "own" / "large.py").write_text("#" * (2 * 1024**2 + 1))
    (folder / "own" / "link.py").symlink_to("/etc/passwd")
    found, unread = read_uses(json.dumps(record) for record in read_folder(folder))
    assert [line.partition(":")[0] for line in unread] == ["own/broken.xml", "own/deep.py", "own/large.py"]
    assert any(use.file == "own/models/order.py" for use in found)


def test_the_program_runs_without_the_platform(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In a sandbox nothing of the package is there but its own folder, and no package is installed."""
    alone = tmp_path_factory.mktemp("alone") / "odooops_dagster" / "tools" / "advisories" / "uses"
    alone.mkdir(parents=True)
    for path in Path(uses.__file__).parent.glob("*.py"):
        (alone / path.name).write_bytes(path.read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(alone), str(folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [json.dumps(record) for record in read_folder(folder)]


def _advisory(kind: AdvisoryKind, subject: str, *, module: str = "sale") -> Advisory:
    return Advisory(kind=kind, severity="critical", module=module, subject=subject, summary="It goes.")


def _matches(folder: Path, *items: Advisory) -> tuple[Match, ...]:
    found, _ = read_uses(json.dumps(record) for record in read_folder(folder))
    return find_matches(items, found)


def _places(found: tuple[Match, ...], *, certain: bool | None = None) -> list[str]:
    return [f"{match.file}:{match.line}" for match in found if certain in (None, match.certain)]
