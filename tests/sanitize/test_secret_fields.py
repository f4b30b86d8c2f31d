"""The script that names what a person has to review when Odoo brings new fields."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODEL = """
from odoo import fields, models
class Carrier(models.Model):
    _name = "shop.carrier"
    name = fields.Char()
    secret_count = fields.Integer()
    api_key = fields.Char()
    guarded = fields.Char(groups="base.group_system")
    dotted = fields.Char()
    elsewhere_token = fields.Char(related="company_id.token")
class Mixin(models.AbstractModel):
    _name = "shop.mixin"
    mixed_token = fields.Char()
class Settings(models.TransientModel):
    _inherit = "res.config.settings"
    shop_code = fields.Char(config_parameter="shop.secret_code")
    def read(self):
        return self.env["ir.config_parameter"].get_param("shop_%s_password" % self.name)
"""
VIEW = '<form><field name="dotted" password="True"/><field name="name"/></form>'


def test_it_names_what_is_new_and_what_is_gone(tmp_path: Path) -> None:
    """By name, by group, by the dots of a form; a mixin's for every table; only what is kept as text."""
    for name, text in {"models/carrier.py": MODEL, "views/carrier.xml": VIEW, "tests/test_it.py": "x = 1 +"}.items():
        path = tmp_path / "addons" / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "dev" / "secret_fields.py", tmp_path, "19.0"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 1, done.stderr
    assert [line.removeprefix("not reviewed: ") for line in lines if line.startswith("not reviewed")] == [
        "*.mixed_token",
        "shop_carrier.api_key",
        "shop_carrier.dotted",
        "shop_carrier.guarded",
        "shop.secret_code",
        "shop_%s_password",
    ]
    assert "not in this Odoo: certificate_key.content" in lines
