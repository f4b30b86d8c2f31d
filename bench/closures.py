"""The repositories that are pushed: one addon each, on top of much of Odoo or of little."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.repository import Repository

_MANIFEST = """{
    "name": "Order Salutation",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "author": "OdooOps",
    "depends": ["sale_management", "crm", "stock", "partner_firstname"],
    "data": ["views/sale_order_views.xml"],
}
"""
_MODELS = """from odoo import api, fields, models


class Salutation(models.AbstractModel):
    _name = "order.salutation"
    _description = "Greets the partner of a document"

    salutation = fields.Char(compute="_compute_salutation")

    @api.depends("partner_id.firstname", "partner_id.name")
    def _compute_salutation(self):
        for document in self:
            document.salutation = f"Dear {document.partner_id.firstname or document.partner_id.name}"


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "order.salutation"]


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "order.salutation"]


class StockPicking(models.Model):
    _name = "stock.picking"
    _inherit = ["stock.picking", "order.salutation"]
"""
_VIEWS = """<?xml version="1.0" encoding="utf-8"?>
<odoo>
    <record id="sale_order_view_form" model="ir.ui.view">
        <field name="name">sale.order.form.salutation</field>
        <field name="model">sale.order</field>
        <field name="inherit_id" ref="sale.view_order_form"/>
        <field name="arch" type="xml">
            <field name="partner_id" position="after">
                <field name="salutation"/>
            </field>
        </field>
    </record>
</odoo>
"""
_TEST = """from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestSalutation(TransactionCase):
    def test_an_order_greets_by_first_name(self):
        partner = self.env["res.partner"].create({"firstname": "Ada", "lastname": "Lovelace"})
        self.assertEqual(self.env["sale.order"].create({"partner_id": partner.id}).salutation, "Dear Ada")
"""


@dataclass(frozen=True, kw_only=True)
class Closure:
    """An addon, what it needs, and the file of it that a push changes."""

    name: str
    addon: str
    changing: str

    def fill(self, repository: Repository) -> None:
        """Write the addon and its requirements into the clone."""
        if self is SMALL:
            repository.add_demo()
            return
        files = {
            "__init__.py": "from . import models\n",
            "__manifest__.py": _MANIFEST,
            "models.py": _MODELS,
            "views/sale_order_views.xml": _VIEWS,
            "tests/__init__.py": "from . import test_salutation\n",
            "tests/test_salutation.py": _TEST,
        }
        for name, text in files.items():
            repository.write(f"{self.addon}/{name}", text)
        repository.write("requirements.txt", "odoo-addon-partner_firstname==19.0.*\n")

    def change(self, repository: Repository, number: int) -> None:
        """Change the addon's code, and nothing else."""
        path = f"{self.addon}/{self.changing}"
        text = (repository.clone / path).read_text()
        repository.write(path, f"{text.partition('# change')[0]}# change {number}\n")


SMALL = Closure(name="small", addon="partner_visit", changing="models/partner_visit.py")
REALISTIC = Closure(name="realistic", addon="order_salutation", changing="models.py")


def closure_options(bench: str, description: str | None) -> argparse.Namespace:
    """Return the options of a bench of one of the closures: rounds, small, json."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{bench}", description=description)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument(
        "--small", action="store_true", help="the demonstration's addon instead of sales, CRM and stock"
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()
