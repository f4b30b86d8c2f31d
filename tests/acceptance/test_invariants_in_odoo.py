"""Invariants in Python and upgrade cases, evaluated by a real Odoo in the sandbox of a copy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Build, DatabaseAccess
from odooops_dagster.settings import Settings
from odooops_dagster.steps.clone.template import CloneTemplate
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.recovery.drill_sandbox import DrillSandbox
from odooops_dagster.steps.upgrade.cases import gather_cases, judge_cases, run_cases
from odooops_dagster.steps.upgrade.copy import HarmlessCopy
from odooops_dagster.steps.upgrade.invariants import ask_invariants, compare_invariants
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.project_file.upgrade import Invariant
from tests.acceptance.conftest import NewOdoo
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import CACHE
from tests.acceptance.run_at_work import run_at_work
from tests.acceptance.upgrade_util import copy_library, write_library

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(600)]

DECLARED = (
    Invariant(
        name="people keep their names", python='env["res.partner"].search([], order="id").mapped("display_name")'
    ),
    Invariant(name="the company stays", sql="select id from res_company order by id"),
    Invariant(name="pairs are rows", python='[(u.login, u.id) for u in env["res.users"].search([], order="id")]'),
    Invariant(name="nobody writes", python='env["res.partner"].create({"name": "Eve"}).id'),
    Invariant(name="nobody writes past the ORM", python='env.cr.execute("delete from res_partner")'),
    Invariant(name="it is Python", python="env["),
    Invariant(name="it goes on", python="env.registry.ready"),
)
# What a migration script that is wrong does.
RENAMES = "update res_partner set name = 'Somebody', complete_name = 'Somebody' where id = 1"
CASES = """
from odoo.upgrade.testing import IntegrityCase, UpgradeCase, change_version


class PeopleKeepTheirNames(IntegrityCase):
    def invariant(self):
        return self.env["res.partner"].search([], order="id").mapped("name")


class TheCompanyStays(IntegrityCase):
    def invariant(self):
        return self.env["res.company"].search([], order="id").ids


class BobStays(UpgradeCase):
    def prepare(self):
        return self.env["res.partner"].create({"name": "Bob"}).id

    def check(self, number):
        self.assertEqual(self.env["res.partner"].browse(number).name, "Bob")


class BobIsArchived(UpgradeCase):
    def prepare(self):
        return self.env["res.partner"].create({"name": "Another Bob"}).id

    def check(self, number):
        self.assertFalse(self.env["res.partner"].browse(number).active, "he works here still")


class OfNoAccount(UpgradeCase):
    def prepare(self):
        return {}["missing"]

    def check(self, value):
        pass


@change_version("18.0")
class OfAnotherUpgrade(UpgradeCase):
    def prepare(self):
        raise AssertionError("it is of another upgrade")

    check = prepare
"""
NOT_LOADED = """
from odoo.upgrade.testing import UpgradeCase
import nothing_such
"""
FILE = "upgrades/base/tests/test_people.py"


@pytest.fixture
def ctx(control: ControlPlane, bench: Bench, tmp_path: Path) -> StepContext:
    """Return a run at work whose programs run in sandboxes."""
    settings = Settings(home=tmp_path / "home", cache=CACHE)
    return run_at_work(control, settings, bench.databases, series="19.0")


def copy_of(ctx: StepContext, bench: Bench, access: DatabaseAccess, folder: Path) -> HarmlessCopy:
    """Return the database as the copy that an upgrade is tried on."""
    bench.folder.chmod(0o755)  # as a checkout is: the accounts of sandboxes read it
    place = DrillSandbox(name=access.database, run_id=ctx.run.id, folder=folder / "copy")
    place.folder.mkdir()
    return HarmlessCopy(place=place, template=cast("CloneTemplate", None))


def test_an_answer_that_changed_is_named(ctx: StepContext, bench: Bench, new_odoo: NewOdoo, tmp_path: Path) -> None:
    """What writes is refused, and one that fails does not stop the others."""
    build, copy = bench.build(), copy_of(ctx, bench, new_odoo("asked"), tmp_path)
    access = copy.access(ctx)
    before = ask_invariants(ctx, copy, build, DECLARED, log="before")
    with psycopg.connect(conninfo(access), autocommit=True) as connection:
        connection.execute(RENAMES)
    found = {
        each.name: each for each in compare_invariants(before, ask_invariants(ctx, copy, build, DECLARED, log="after"))
    }
    names = found["people keep their names"]
    assert (names.holds, names.error, ("Somebody",) in names.after) == (False, "", True)
    assert found["the company stays"].holds
    assert found["pairs are rows"].before[0] == ("admin", "2")
    for name in ("nobody writes", "nobody writes past the ORM"):
        assert (found[name].holds, "read-only transaction" in found[name].error) == (False, True), found[name]
    assert "SyntaxError" in found["it is Python"].error
    assert (found["it goes on"].holds, found["it goes on"].before) == (True, (("True",),))


def with_cases(build: Build, tree: Path, *, is_real: bool) -> Build:
    """Return the build of a repository with the cases and their library."""
    library = tree / "upgrade-util" / "src"
    if is_real and (why_not := copy_library(library)):
        pytest.skip(why_not)
    if not is_real:
        write_library(library)
    (tree / FILE).parent.mkdir(parents=True)
    (tree / FILE).write_text(CASES)
    (tree / FILE).with_name("test_not_loaded.py").write_text(NOT_LOADED)
    return replace(build, source=replace(build.source, path=tree))


@pytest.mark.parametrize("is_real", [False, True], ids=["a stand-in", "the real upgrade-util"])
def test_upgrade_cases_are_invariants(
    ctx: StepContext, bench: Bench, new_odoo: NewOdoo, tmp_path: Path, is_real: bool
) -> None:
    """Each is prepared before and checked after; a failed one is named with its line, one of another upgrade is not."""
    build = with_cases(bench.build(), tmp_path / "tree", is_real=is_real)
    copy = copy_of(ctx, bench, new_odoo(f"cases{is_real:d}"), tmp_path)
    cases = gather_cases(ctx, copy, build, build)
    assert cases is not None
    before = run_cases(ctx, copy, bench.build(), cases, "prepare")
    with psycopg.connect(conninfo(copy.access(ctx)), autocommit=True) as connection:
        connection.execute(RENAMES)
    after = run_cases(ctx, copy, bench.build(), cases, "check")
    found = {each.name.rpartition(".")[2]: each for each in judge_cases(cases.found, before, after)}
    assert {name: each.holds for name, each in found.items()} == {
        "PeopleKeepTheirNames": False,
        "TheCompanyStays": True,
        "BobStays": True,
        "BobIsArchived": False,
        "OfNoAccount": False,
        "test_not_loaded": False,
    }, found
    assert "Another Bob" in found["PeopleKeepTheirNames"].before[0][0]
    assert "Somebody" in found["PeopleKeepTheirNames"].error
    assert found["PeopleKeepTheirNames"].case == f"{FILE}:{line_of('class PeopleKeepTheirNames')}"
    assert found["TheCompanyStays"].before == (("[1]",),)
    assert found["BobIsArchived"].error.startswith(f"{FILE}:{line_of('assertFalse')}: AssertionError: ")
    assert "he works here still" in found["BobIsArchived"].error
    assert found["OfNoAccount"].error == f"{FILE}:{line_of('missing')}: prepare: KeyError: 'missing'"
    assert "test_not_loaded.py:3: prepare: ModuleNotFoundError" in found["test_not_loaded"].error


def line_of(text: str) -> int:
    """Return the number of the line of the cases that has the text."""
    return 1 + next(number for number, line in enumerate(CASES.splitlines()) if text in line)
