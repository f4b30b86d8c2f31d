"""Where the tests have odoo/upgrade-util from, and a stand-in that keeps to the same interface.

No registry has it (PyPI's `odoo-upgrade` is something else): name a checkout in ODOOOPS_TEST_UPGRADE_UTIL, or lay one
into the test cache. The stand-in has its own code, and of the interface what a run needs: the two classes, the tag
`upgrade`, the methods `test_prepare` and `test_check`, `change_version` by the two variables, and the table between
the runs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.acceptance.platform import CACHE

NAMED = "ODOOOPS_TEST_UPGRADE_UTIL"

STAND_IN = '''
import json
import os

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests.common import BaseCase, get_db_name

TABLE = "create table if not exists upgrade_test_data (key varchar primary key, class varchar, value jsonb)"
KEEP = """insert into upgrade_test_data (key, class, value) values (%s, %s, %s)"""


def change_version(version):
    def mark(case):
        case.since = float(version)
        return case

    return mark


class Common(BaseCase):
    allow_inherited_tests_method = True
    test_tags = {"post_install", "upgrade"}
    test_module = "upgrade"
    since = None
    _abstract = True

    def __init_subclass__(cls, abstract=False):
        cls._abstract = abstract

    @property
    def key(self):
        return ".".join([*type(self).__module__.split(".")[-3:], type(self).__name__])

    def setUp(self):
        super().setUp()
        self.cr = Registry(get_db_name()).cursor()
        self.addCleanup(self.cr.close)
        self.env = api.Environment(self.cr, SUPERUSER_ID, {})
        old, new = (float(os.environ[f"ODOO_UPG_DB_{side}_VERSION"]) for side in ("SOURCE", "TARGET"))
        if self.since is not None and not old < self.since <= new:
            self.skipTest("of another upgrade")

    def test_prepare(self):
        value = self.prepare()
        self.cr.execute(TABLE)
        self.cr.execute(KEEP, (self.key, type(self).__base__.__name__, json.dumps(value)))
        self.cr.commit()

    def test_check(self):
        self.cr.execute("select value from upgrade_test_data where key = %s", (self.key,))
        for (value,) in self.cr.fetchall():
            self.check(value)


class UpgradeCase(Common, abstract=True):
    test_sequence = 10


class IntegrityCase(Common, abstract=True):
    test_sequence = 20

    def prepare(self):
        return self.invariant()

    def check(self, value):
        self.assertEqual(value, json.loads(json.dumps(self.invariant())), "it changed")
'''


def write_library(folder: Path) -> None:
    """Write the stand-in into the folder."""
    (folder / "util").mkdir(parents=True)
    (folder / "util" / "__init__.py").touch()
    (folder / "testing.py").write_text(STAND_IN)


def copy_library(folder: Path) -> str | None:
    """Copy the real one into the folder, or return why it cannot be had."""
    named = Path(os.environ.get(NAMED) or CACHE / "upgrade-util")
    if not (named / "src" / "testing.py").is_file():
        return f"cases of the real odoo/upgrade-util are NOT TESTED here: name a checkout of it in {NAMED}"
    shutil.copytree(named / "src", folder)
    return None
