"""Upgrade cases: where a repository has them, what their program printed, and what a preview makes of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from odooops_dagster.model import Build, Source
from odooops_dagster.steps.upgrade.cases import judge_cases
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.odoo.case_outcomes import CaseRun, read_cases
from odooops_dagster.tools.odoo.python import site_packages
from odooops_dagster.tools.odoo.upgrade_cases import CaseFile, UpgradeCases, find_cases
from tests.upgrade_reports import made

CASE = "from odoo.upgrade.testing import IntegrityCase\n"
LIBRARY = 'DATA_TABLE = "upgrade_test_data"\n'


def tree(root: Path, files: Mapping[str, str]) -> Build:
    """Return the build of a repository with these files."""
    for name, text in files.items():
        (root / "repository" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "repository" / name).write_text(text)
    source = Source(
        path=root / "repository", git_sha="0" * 40, tree_digest="", addons_paths=(), modules=(), requirements=()
    )
    return Build(
        digest="sha256:0",
        series="19.0",
        odoo_revision="",
        python=root / "venv" / "bin" / "python",
        addons_paths=(),
        modules=(),
        closure=(),
        source=source,
    )


def test_cases_are_beside_migration_scripts(tmp_path: Path) -> None:
    """In a module or in an upgrade path; a module's own tests, other tests and the library's own cases are none."""
    build = tree(
        tmp_path,
        {
            "addons/shop/__manifest__.py": "{}",
            "addons/shop/tests/test_shop.py": CASE,
            "addons/shop/migrations/tests/test_items.py": CASE,
            "addons/shop/migrations/tests/test_other.py": "import unittest\n",
            "addons/shop/migrations/tests/items.py": CASE,
            "scripts/sale/tests/test_orders.py": "from odoo.addons.base.maintenance.migrations import testing\n",
            "upgrade-util/src/testing.py": LIBRARY,
            "upgrade-util/src/util/__init__.py": "",
            "upgrade-util/src/base/tests/test_own.py": CASE,
            "other/testing.py": "",
        },
    )
    found = find_cases(build)
    assert found is not None
    assert [each.name for each in found.files] == ["shop/tests/test_items.py", "sale/tests/test_orders.py"]
    assert found.library == build.source.path / "upgrade-util" / "src"
    assert found.place("shop/tests/test_items.py", 7) == "addons/shop/migrations/tests/test_items.py:7"
    assert found.place("testing.py", 0) == "testing.py"


def test_a_repository_without_cases_has_none(tmp_path: Path) -> None:
    """Whatever its packages bring."""
    assert find_cases(tree(tmp_path, {"upgrade-util/src/testing.py": LIBRARY, "shop/tests/test_shop.py": ""})) is None


def test_the_library_may_be_a_package(tmp_path: Path) -> None:
    """Of the repository's requirements; without it the cases are found and cannot run."""
    build = tree(tmp_path, {"upgrades/shop/tests/test_items.py": CASE})
    found = find_cases(build)
    assert found is not None
    assert found.library is None
    installed = site_packages(tmp_path / "venv") / "odoo" / "upgrade"
    installed.mkdir(parents=True)
    (installed / "testing.py").write_text(LIBRARY)
    found = find_cases(build)
    assert found is not None
    assert found.library == installed


def test_gathered_cases_are_an_upgrade_path(tmp_path: Path) -> None:
    """A link is never followed out of the tree, and a change of a case changes the hash."""
    build = tree(
        tmp_path,
        {
            "shop/__manifest__.py": "{}",
            "shop/upgrades/19.0.2.0.0/pre-shop.py": "",
            "shop/upgrades/tests/test_items.py": CASE,
            "upgrade-util/src/testing.py": LIBRARY,
            "upgrade-util/src/util/__init__.py": "",
        },
    )
    (tmp_path / "secret").write_text(CASE)
    for name in ("test_link.py", "helper.py"):
        (build.source.path / "shop" / "upgrades" / "tests" / name).symlink_to(tmp_path / "secret")
    found, folder = find_cases(build), tmp_path / "cases"
    assert found is not None
    for path in build.source.path.rglob("*"):
        path.chmod(0o755)  # as a checkout is
    former_umask = os.umask(0o077)
    try:
        found.gather(folder)
    finally:
        os.umask(former_umask)
    assert {path.stat().st_mode & 0o055 for path in (folder, *folder.rglob("*"))} == {0o055}
    former = modules.checksum(folder)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()} == {
        "testing.py",
        "util/__init__.py",
        "shop/19.0.2.0.0/pre-shop.py",
        "shop/tests/test_items.py",
    }
    assert [each.path.name for each in found.files] == ["test_items.py"]
    found.files[0].path.write_text(CASE + "\n")
    found.gather(folder)
    assert modules.checksum(folder) != former


FILE = "shop/tests/test_items.py"
CASES = UpgradeCases(
    root=Path("/tree"),
    files=(CaseFile(module="shop", path=Path("/tree/shop/migrations/tests/test_items.py")),),
    library=Path("/library"),
)


def run(outcome: str, value: str | None = "[1]", text: str = "", *, line: int = 3, is_whole: bool = True) -> CaseRun:
    """Return a run of one case, as the program prints it."""
    told = {"case": "shop.Case", "outcome": outcome, "file": FILE, "line": line, "text": text, "value": value}
    end = ['odooops-cases: {"asked": 1}'] if is_whole else ["MemoryError"]
    return read_cases(["2026-02-13 INFO db odoo: loading", f"odooops-cases: {json.dumps(told)}", *end])


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        (run("ran"), run("ran"), ""),
        (run("ran"), run("failed", text="AssertionError: 1 != 2", line=9), ":9: AssertionError: 1 != 2"),
        (run("failed", None, "KeyError: 5"), run("ran", None), ":3: prepare: KeyError: 5"),
        (run("missed", None, "its class"), run("missed", None), ":3: prepare: its class"),
        (run("ran"), run("skipped", text="not here"), ":3: it was prepared, and not checked: not here"),
        (run("ran"), run("ran", None), ":3: it was prepared, and not checked: what it prepared is not in"),
        (run("ran"), CaseRun(outcomes={}), ":3: it was prepared, and not checked: Odoo did not load it"),
        (run("skipped", None), run("failed", None, "ImportError: no name"), ":3: ImportError: no name"),
    ],
)
def test_a_case_is_an_invariant(before: CaseRun, after: CaseRun, error: str) -> None:
    """It holds only if it was prepared and its check was run: each reason names the repository's own file."""
    [found] = judge_cases(CASES, before, after)
    assert (found.name, found.holds) == ("shop.Case", not error)
    assert found.error.removeprefix("shop/migrations/tests/test_items.py").startswith(error)
    assert found.case.startswith("shop/migrations/tests/test_items.py:")


def test_the_value_that_was_kept_is_quoted() -> None:
    """It may be long, or none at all."""
    values = ("[1]", "null", "7" * 5000)
    quoted = [judge_cases(CASES, run("ran", value), run("ran", value))[0].before for value in values]
    assert quoted == [(("[1]",),), (), (("7" * 2000,),)]


def test_a_case_of_another_upgrade_is_not_quoted() -> None:
    """It skips what it is not about, and then its check finds nothing."""
    assert judge_cases(CASES, run("skipped", None), run("skipped", None)) == []
    assert judge_cases(CASES, run("skipped", None), run("ran", None)) == []


def test_a_run_that_did_not_end_holds_nothing() -> None:
    """Its last line is the reason."""
    first, *_ = judge_cases(CASES, read_cases([]), run("ran"))
    assert (first.holds, first.error) == (False, "Odoo did not get to their end: the program did not start")
    first, *_ = judge_cases(CASES, run("ran"), run("ran", is_whole=False))
    assert (first.name, first.error) == ("upgrade cases: check", "Odoo did not get to their end: MemoryError")


def test_a_failed_case_makes_the_verdict_red() -> None:
    """The reason has its place, and the action names the case's file instead of odooops.yaml."""
    found = judge_cases(CASES, run("ran"), run("failed", text="AssertionError: 1 != 2", line=9))
    report = made(invariants=tuple(found))
    [reason] = report.reasons
    place = "shop/migrations/tests/test_items.py:9"
    assert (report.colour, reason.reason) == (
        "red",
        f"upgrade case 'shop.Case' does not hold: {place}: AssertionError: 1 != 2",
    )
    assert reason.action == f"correct the migration script, or the upgrade case in {place}, push and preview again"
