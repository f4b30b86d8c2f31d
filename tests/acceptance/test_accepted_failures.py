"""What a repository accepts of the real Odoo: tests in quarantine as Odoo names them, and tags as Odoo reads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from odooops_dagster.model import CheckResult, DatabaseAccess
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.odoo.judge import judge
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.project_file import OwnTests, read_text
from tests.acceptance.conftest import NewOdoo
from tests.acceptance.odoo_bench import Bench

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(600)]

TESTS = """
from odoo.tests import TransactionCase, tagged


class TestPrices(TransactionCase):

    def test_fails(self):
        self.assertEqual(1, 2)

    def test_fails_in_parts(self):
        for number in (1, 2):
            with self.subTest(number=number):
                self.fail("no")

    def test_passes(self):
        pass


class TestNeverStarts(TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise ValueError("no")

    def test_it(self):
        pass


@tagged("-standard", "nightly", "post_install", "-at_install")
class TestNightly(TransactionCase):

    def test_at_night(self):
        self.fail("found at night")


@tagged("slow")
class TestSlow(TransactionCase):

    def test_slowly(self):
        self.fail("too slow")
"""
SETTINGS = """
tests:
  tags: [-slow]
  quarantine:
    - {test: "/goods:TestPrices.test_fails*", owner: jane, until: 2026-12-31}
    - {test: "/goods:TestNeverStarts", owner: joe, until: 2026-12-31}
"""


def test_odoos_own_names_of_failed_tests_are_held_and_tags_chosen(
    bench: Bench, new_odoo: NewOdoo, tmp_path: Path
) -> None:
    """A failure, two subtests and a class that does not start are held; what a tag adds is not."""
    module = tmp_path / "addons" / "goods"
    (module / "tests").mkdir(parents=True)
    (module / "__manifest__.py").write_text("{'name': 'Goods', 'license': 'LGPL-3'}")
    (module / "__init__.py").touch()
    (module / "tests" / "__init__.py").write_text("from . import test_goods\n")
    (module / "tests" / "test_goods.py").write_text(TESTS)
    own = read_text(SETTINGS.encode()).settings.tests
    passed = installed(bench, new_odoo("day"), tmp_path / "addons", own)
    assert passed.passed, passed.summary
    assert len(passed.metadata["quarantined"]) == len(passed.metadata["failed_tests"]) == 4
    assert passed.metadata["modules"] == {"goods": 3}
    more = installed(
        bench, new_odoo("night"), tmp_path / "addons", own.model_copy(update={"tags": ("-slow", "nightly")})
    )
    assert not more.passed
    assert "TestNightly.test_at_night: AssertionError: found at night" in more.summary


def installed(bench: Bench, access: DatabaseAccess, addons: Path, own: OwnTests) -> CheckResult:
    """Install the module with its tests and return the check of these."""
    build = bench.build(addons=addons)
    build = replace(build, source=replace(build.source, modules=("goods",)))
    command = commands.install_command(
        build, bench.config(build, access), names=["goods"], tests=["goods"], tags=own.tags
    )
    result = bench.run(command, access.database)
    states = module_states(access)
    checks = judge(
        result, OdooLog.read(result.log_path), states, wanted=["goods"], tested=["goods"], own=own,
        today=date(2026, 6, 1),
    )  # fmt: skip
    by_name = {check.name: check for check in checks}
    assert by_name["modules_installed"].passed, by_name["modules_installed"].summary
    assert by_name["log_clean"].passed, by_name["log_clean"].summary
    return by_name["module_tests_passed"]
