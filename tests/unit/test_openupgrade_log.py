"""What OpenUpgrade's framework turns into a line of the log is found there."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.tools.odoo.openupgrade_log import hidden_messages

FRAMEWORK = "odoo.addons.openupgrade_framework.odoo_patch.odoo"
LOG = f"""\
1 WARNING db {FRAMEWORK}.addons.base.models.ir_ui_view: Can't render custom view shop.view_form \
for model shop.order. Assuming you are migrating between major versions of Odoo.
Error: Field "tax_id" does not exist
1 WARNING db {FRAMEWORK}.addons.base.models.ir_ui_view: Can't render custom view shop.view_form \
for model shop.order. Assuming you are migrating between major versions of Odoo.
1 WARNING db {FRAMEWORK}.addons.base.models.ir_ui_view: Can't render custom view False \
for model shop.box. Assuming you are migrating between major versions of Odoo.
2026-11-29 16:29:00,931 1 WARNING db {FRAMEWORK}.orm.models: Could not delete obsolete record with ids [7, 8] of model \
res.groups: it is used
2026-11-29 16:29:00,931 1 WARNING db odoo.addons.shop: Can't render custom view other.view for model shop.order.
"""


def test_each_hidden_view_and_record_is_named_once(tmp_path: Path) -> None:
    """A line of another logger that says the same is none of them."""
    log = tmp_path / "odoo.log"
    log.write_text(LOG)
    found = hidden_messages(log)
    assert found.views == ("shop.view_form", "a view of shop.box")
    assert found.records == ("res.groups [7, 8]",)
    assert hidden_messages(tmp_path / "none") == type(found)(views=(), records=())
