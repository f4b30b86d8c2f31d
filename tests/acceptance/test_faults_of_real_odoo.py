"""What Debian's Odoo lacks is not held against the repository, with real modules and a real browser's page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import NewOdoo
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import SERIES

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(1800)]

OCA_MODULES = ("auditlog", "partner_firstname")
TEST = """
from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestPage(HttpCase):
    def test_page(self):
        self.assertEqual(self.url_open("/web/login").status_code, 200)
"""


def test_a_test_of_a_page_passes_where_odoo_came_without_a_script(
    bench: Bench, new_odoo: NewOdoo, tmp_path: Path
) -> None:
    """Odoo builds every bundle before such a test, and its module `mail` names a script that Debian leaves out."""
    addon = tmp_path / "addons" / "shop_page"
    (addon / "tests").mkdir(parents=True)
    (addon / "__init__.py").touch()
    depends = ["mail", *OCA_MODULES]
    (addon / "__manifest__.py").write_text(
        repr({"name": "Page", "depends": depends, "author": "Shop", "license": "LGPL-3"})
    )
    (addon / "tests" / "__init__.py").write_text("from . import test_page")
    (addon / "tests" / "test_page.py").write_text(TEST)
    requirements = "".join(f"odoo-addon-{name}=={SERIES}.*\n" for name in OCA_MODULES)
    build = bench.build(addons=tmp_path / "addons", requirements=requirements)
    checks = bench.install(build, new_odoo("faults"), "shop_page", *OCA_MODULES)
    assert {name: check.summary for name, check in checks.items() if not check.passed} == {}
    assert set(checks["module_tests_passed"].metadata["modules"]) == {"shop_page", *OCA_MODULES}
    assert checks["log_clean"].metadata["excused"] == 0
