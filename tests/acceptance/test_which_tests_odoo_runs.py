"""Which tests run is Odoo's answer, also where the source text of one class does not tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.untested import find_untested, recall_untested
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.odoo.untested import Untested
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import CACHE
from tests.working import next_run

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(600)]

ODOO = "from odoo.tests import BaseCase, TransactionCase, tagged\n"
METHOD = "    def test_it(self):\n        pass\n"
COMMON = f"{ODOO}@tagged('-standard', 'external')\nclass ExternalCase(TransactionCase):\n    pass\n"
TESTS = {
    "runs": f"{ODOO}@tagged('post_install', '-at_install')\nclass TestIt(TransactionCase):\n{METHOD}",
    "of_any_base": f"{ODOO}class Harness(BaseCase):\n    pass\nclass TestIt(Harness):\n{METHOD}",
    "by_base_class": f"from .common import ExternalCase\nclass TestIt(ExternalCase):\n{METHOD}",
    "by_star": f"{ODOO}TAGS = ('-standard', 'slow')\n@tagged(*TAGS)\nclass TestIt(TransactionCase):\n{METHOD}",
    "by_attribute": f"{ODOO}class TestIt(TransactionCase):\n    test_tags = {{'slow': 1}}.keys()\n{METHOD}",
    "plain": f"import unittest\nclass TestIt(unittest.TestCase):\n{METHOD}",
    "broken": "raise SystemExit('no')\n",
    "forgotten": f"{ODOO}class TestIt(TransactionCase):\n{METHOD}",
    "empty": "",
}
WHY = {
    "runs": "Odoo would run 1 of its tests, and ran none",
    "of_any_base": "Odoo would run 1 of its tests, and ran none",
    "by_base_class": "tags leave its tests out: TestIt has at_install, external",
    "by_star": "tags leave its tests out: TestIt has at_install, slow",
    "by_attribute": "tags leave its tests out: TestIt has slow",
    "plain": "Odoo runs no plain unittest.TestCase (TestIt): derive it from odoo.tests.BaseCase",
    "broken": "which of its tests would run is not known: SystemExit: no",
    "forgotten": "tests/__init__.py does not import test_it",
    "empty": "it has no tests",
}
OVERLOOKED = {"runs", "of_any_base", "plain", "broken"}


def write(addons: Path) -> None:
    """Write a module per kind of test, and one without."""
    for name, text in TESTS.items():
        folder = addons / name / "tests"
        folder.mkdir(parents=True)
        (addons / name / "__manifest__.py").write_text(f"{{'name': '{name}', 'license': 'LGPL-3'}}")
        (addons / name / "__init__.py").touch()
        (folder / "common.py").write_text(COMMON)
        (folder / "test_it.py").write_text(text)
        (folder / "__init__.py").write_text("" if name == "forgotten" else "from . import test_it\n")


def test_odoo_is_asked_why_no_test_of_a_module_ran(bench: Bench, control: ControlPlane, tmp_path: Path) -> None:
    """Inherited tags, tags from a constant, a plain TestCase: each is known, and judged by the project's policy."""
    write(tmp_path / "addons")
    build = bench.build(addons=tmp_path / "addons")
    build = replace(build, source=replace(build.source, path=tmp_path / "addons", modules=tuple(sorted(TESTS))))
    project = control.projects.create("shop", repo_url="/srv/shop.git", odoo_version=build.series).id
    control.runs.queue(project, env="main", git_sha="a" * 40, ref="refs/heads/main", kind="build")
    ctx = next_run(control, Settings(home=tmp_path, cache=CACHE), bench.databases)
    nowhere = DatabaseAccess(host="127.0.0.1", port=1, user="nobody", password="none", database="none")
    config = tmp_path / "odoo.conf"
    paths = build.addons_paths
    config.write_text(commands.config_file(nowhere, data_dir=tmp_path / "data", addons_paths=paths, port=bench.port))

    def ask() -> Mapping[str, Untested]:
        return find_untested(ctx, build, config, access=nowhere, names=sorted(TESTS), log=OdooLog(modules_loaded=True))

    found = ask()
    assert {name: untested.why for name, untested in found.items()} == WHY
    assert {name for name, untested in found.items() if untested.refused} == OVERLOOKED
    assert recall_untested(ctx, build, config, access=nowhere, tests={"modules": {"plain": 1}}) == {
        name: untested for name, untested in found.items() if name != "plain"
    }
    control.policies.set(project, policy_type="gates", rules={"untested_modules": "refuse"})
    assert all(untested.refused for untested in ask().values())
