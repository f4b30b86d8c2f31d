"""Why no test of a module ran, in words, and what a project's policy makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.model import JobResult
from odooops_dagster.tools.odoo.judge import judge, judge_copy
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.odoo.untested import (
    Untested,
    UntestedPolicy,
    from_record,
    judged,
    read_answers,
    to_record,
    without_tests,
)

STAMP = "2026-03-22 03:38:34,924 26566 INFO db"
CLEAN = (
    f"{STAMP} odoo.modules.loading: Modules loaded.",
    f"{STAMP} odoo.addons.shop.tests.test_shop: Starting TestShop.test_prices ...",
    f"{STAMP} odoo.tests.result: 0 failed, 0 error(s) of 3 tests when loading database 'db'",
    f"{STAMP} odoo.service.server: Initiating shutdown",
)
STATES = {"shop": "installed", "carrier": "installed"}
RUN = JobResult(exit_status=0, timed_out=False, seconds=1, log_path=Path("odoo.log"))
BY_TAGS = Untested(why="tags leave its tests out: TestCarrier has external")
PLAIN = Untested(why="Odoo runs no plain unittest.TestCase (TestPlain)", overlooked=True)


def answer(**known: object) -> Mapping[str, Any]:
    """Return what Odoo says of a module without running tests."""
    return {"module": "carrier", "runs": 0, "plain": [], "tagged": {}, "unimported": []} | known


@pytest.mark.parametrize(
    ("known", "why", "overlooked"),
    [
        ({"error": "ImportError: no name"}, "is not known: ImportError: no name", True),
        ({"runs": 2}, "Odoo would run 2 of its tests, and ran none", True),
        ({"plain": ["TestPlain"]}, "no plain unittest.TestCase (TestPlain): derive it from odoo.tests.BaseCase", True),
        ({"tagged": {"TestA": ["external", "slow"]}}, "tags leave its tests out: TestA has external, slow", False),
        ({"tagged": {"TestA": []}}, "TestA has none", False),
        ({"unimported": ["test_a", "test_b"]}, "tests/__init__.py does not import test_a; test_b", False),
        ({}, "it has no tests", False),
    ],
)
def test_each_reason_has_its_words(known: Mapping[str, Any], why: str, overlooked: bool) -> None:
    """A person reads why, and a policy reads whether the author expects otherwise."""
    found = Untested.from_answer(answer(**known))
    assert why in found.why
    assert found.overlooked is overlooked


def test_a_module_of_which_odoo_says_nothing_is_not_known() -> None:
    """Silence is no answer, and another program's line is none either."""
    found = read_answers(['{"module": "carrier"}', 'odooops-tests: {"module": "other", "error": "x"}'], ["carrier"])
    assert "not known: Odoo gave no answer" in found["carrier"].why
    assert found["carrier"].overlooked


def test_a_module_without_a_tests_package_needs_no_answer(tmp_path: Path) -> None:
    """The tree says it."""
    for name in ("shop", "carrier"):
        (tmp_path / name / "tests").mkdir(parents=True)
        (tmp_path / name / "__manifest__.py").write_text("{}")
    (tmp_path / "shop" / "tests" / "__init__.py").touch()
    assert without_tests(["shop", "carrier"], [tmp_path]) == {"carrier": Untested(why="it has no tests")}


@pytest.mark.parametrize(
    ("policy", "untested", "passed"),
    [
        ("refuse_overlooked", BY_TAGS, True),
        ("refuse_overlooked", PLAIN, False),
        ("refuse", BY_TAGS, False),
        ("allow", PLAIN, True),
    ],
)
def test_the_policy_decides_and_the_reason_is_always_said(
    policy: UntestedPolicy, untested: Untested, passed: bool
) -> None:
    """Of a module without a test that ran, in a run and in a copy of its template."""
    found = judged({"carrier": untested}, policy)
    of_run = judge(RUN, OdooLog.parse(CLEAN), STATES, wanted=["shop"], tested=["carrier", "shop"], untested=found)[1]
    tests = {**of_run.metadata}
    of_copy = judge_copy(STATES, ["shop"], tests, tested=["carrier", "shop"])[1]
    for check in (of_run, of_copy):
        assert check.passed is passed
        assert "carrier" in check.summary
        assert untested.why in check.summary
    assert from_record(to_record(found)) == found


def test_a_module_that_ran_its_tests_is_held_to_nothing_more() -> None:
    """A reason that is left over from an earlier run changes nothing."""
    found = judged({"shop": PLAIN}, "refuse")
    check = judge(RUN, OdooLog.parse(CLEAN), STATES, wanted=["shop"], tested=["shop"], untested=found)[1]
    assert (check.passed, check.summary) == (True, "3 tests passed")


def test_a_repository_in_which_no_test_runs_passes_where_no_reason_is_refused() -> None:
    """Odoo then tells no totals at all."""
    lines = [line for line in CLEAN if "test" not in line]
    check = judge(
        RUN, OdooLog.parse(lines), STATES, wanted=["carrier"], tested=["carrier"], untested={"carrier": BY_TAGS}
    )
    assert check[1].passed
    assert check[1].summary == f"0 tests passed; no test ran of carrier ({BY_TAGS.why})"
