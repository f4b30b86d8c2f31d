"""Errors and failed tests that a project accepts: they pass the checks, they are counted, and nothing else passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from odooops_dagster.model import CheckResult, JobResult
from odooops_dagster.tools.odoo.judge import judge, judge_copy
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.project_file import OwnTests, QuarantinedTest, QuietRecord
from tests.unit.test_odoo_log import CLEAN, FAILED_TESTS, INSTALLED, SHUT_DOWN, STAMP

PRINTER = QuietRecord(pattern="odoo.addons.printer: no printer at *", reason="there is none here")
NO_PRINTER = f"{STAMP} ERROR db odoo.addons.printer: no printer at 10.0.0.7 "
TODAY = date(2026, 5, 31)


def judged(
    lines: Sequence[str], *, quiet: Sequence[QuietRecord] = (PRINTER,), own: OwnTests | None = None, status: int = 0
) -> dict[str, CheckResult]:
    """Return the three checks by name."""
    result = JobResult(exit_status=status, timed_out=False, seconds=1, log_path=Path("odoo.log"))
    log = OdooLog.parse(lines, quiet=quiet)
    checks = judge(result, log, INSTALLED, wanted=["shop"], tested=["shop"], own=own or OwnTests(), today=TODAY)
    return {check.name: check for check in checks}


def quarantined(test: str = "/shop:TestShop.test_prices", *, until: date = TODAY) -> OwnTests:
    """Return settings with one quarantined test."""
    return OwnTests(quarantine=(QuarantinedTest(test=test, owner="jane", until=until),))


def failed(test: str, *, logger: str = "odoo.addons.shop.tests.test_shop", count: int = 1) -> list[str]:
    """Return the log of a run of which one test failed, of `count` that Odoo counts."""
    report = f"{STAMP} ERROR db {logger}: FAIL: {test}\nTraceback (most recent call last):\nAssertionError: no"
    totals = f"{STAMP} ERROR db odoo.tests.result: {count} failed, 0 error(s) of 3 tests when loading database 'db' "
    return [*CLEAN[:2], *report.splitlines(), totals, SHUT_DOWN]


def test_an_accepted_error_passes_and_is_counted() -> None:
    """The check and its evidence say which, how often and why."""
    check = judged([NO_PRINTER, NO_PRINTER, *CLEAN])["log_clean"]
    assert check.passed
    reason = "2 error(s) that log_allow accepts: 'odoo.addons.printer: no printer at *' (2: there is none here)"
    assert reason in check.summary
    assert check.metadata["silenced"] == [{"pattern": PRINTER.pattern, "reason": PRINTER.reason, "count": 2}]
    assert not judged([NO_PRINTER, *CLEAN], quiet=())["log_clean"].passed


def test_an_error_that_nobody_accepts_fails_beside_an_accepted_one() -> None:
    """And is the one that is named; how many are accepted does not matter."""
    many = [f"{STAMP} ERROR db odoo.addons.printer: no printer at {letter}{other} " for letter in "abcdefghijk"
            for other in "abcdefghijk"]  # fmt: skip
    check = judged([*many, f"{STAMP} ERROR db odoo.addons.shop: broken ", *CLEAN])["log_clean"]
    assert check.summary.startswith("ERROR odoo.addons.shop: broken")
    assert check.metadata["errors"] == 1
    assert judged([*many, *CLEAN])["log_clean"].passed


@pytest.mark.parametrize(
    "line",
    [
        f"{STAMP} CRITICAL db odoo.addons.printer: no printer at 10.0.0.7 ",
        f"{STAMP} FATAL db odoo.addons.printer: no printer at 10.0.0.7 ",
        f"{STAMP} odoo.addons.printer: no printer at 10.0.0.7 ",
    ],
    ids=["critical", "another level", "no record"],
)
def test_nothing_worse_than_an_error_is_accepted(line: str) -> None:
    """Neither what is critical nor what cannot be read."""
    assert not judged([line, *CLEAN])["log_clean"].passed


def test_a_failed_test_is_not_accepted_by_a_pattern() -> None:
    """That is what a quarantine is for, with an end."""
    quiet = [
        QuietRecord(pattern="odoo.addons.shop.tests.*", reason="x"),
        QuietRecord(pattern="1 failed, *", reason="x"),
    ]
    assert not judged(FAILED_TESTS, quiet=quiet, status=1)["module_tests_passed"].passed


@pytest.mark.timeout(60)
def test_a_pattern_that_no_text_ends_takes_no_time() -> None:
    """Whoever pushes can write patterns and log lines."""
    quiet = [QuietRecord(pattern="*".join("a" * 99) + "*" * 99 + "!", reason="x")]
    assert not judged([f"{STAMP} ERROR db a: {'a' * 100_000}", *CLEAN], quiet=quiet)["log_clean"].passed


def test_a_failure_in_quarantine_passes_and_is_shown() -> None:
    """With its owner and its end, in the check and in the report."""
    check = judged(FAILED_TESTS, own=quarantined(), status=1)["module_tests_passed"]
    assert check.passed
    assert check.summary == (
        "1 tests passed; 1 failed in quarantine: shop.tests.test_shop: TestShop.test_prices"
        " (owner jane, until 2026-05-31)"
    )
    assert check.metadata["quarantined"] == [
        {"test": "shop.tests.test_shop: TestShop.test_prices", "owner": "jane", "until": "2026-05-31"}
    ]
    assert check.metadata["failed_tests"] == ["shop.tests.test_shop: TestShop.test_prices"]
    assert all(result.passed for result in judged(FAILED_TESTS, own=quarantined(), status=1).values())


def test_a_quarantine_that_has_ended_holds_no_more_and_is_said() -> None:
    """The owner is named."""
    check = judged(FAILED_TESTS, own=quarantined(until=date(2026, 5, 30)), status=1)["module_tests_passed"]
    assert not check.passed
    assert check.summary.endswith(
        "its quarantine has ended: that of /shop:TestShop.test_prices (owner jane) on 2026-05-30"
    )


HELD: Mapping[str, tuple[str, str]] = {
    "its method": ("/shop:TestShop.test_prices", "TestShop.test_prices"),
    "a pattern": ("/shop:TestShop.test_*s", "TestShop.test_prices"),
    "its class": ("/shop:TestShop", "TestShop.test_prices"),
    "a subtest": ("/shop:TestShop.test_prices", "Subtest TestShop.test_prices (currency='EUR')"),
    "what surrounds the class": ("/shop:TestShop", "setUpClass (odoo.addons.shop.tests.test_shop.TestShop)"),
}


@pytest.mark.parametrize(("entry", "test"), HELD.values(), ids=HELD)
def test_a_quarantine_holds_what_it_names(entry: str, test: str) -> None:
    """As Odoo reports it."""
    assert judged(failed(test), own=quarantined(entry), status=1)["module_tests_passed"].passed


FREE: Mapping[str, tuple[str, str]] = {
    "another method": ("/shop:TestShop.test_prices", "TestShop.test_prices_too"),
    "another class": ("/shop:TestShop", "TestShopToo.test_prices"),
    "another module": ("/stock:TestShop", "TestShop.test_prices"),
    "a dot is no pattern": ("/shop:TestShop.test_p*s", "TestShop.test_pricesX"),
    "what surrounds the class, by a method": (
        "/shop:TestShop.setUpClass", "setUpClass (odoo.addons.shop.tests.test_shop.TestShop)",
    ),
    "what surrounds another module": ("/shop:TestShop", "setUpClass (odoo.addons.stock.tests.test_shop.TestShop)"),
}  # fmt: skip


@pytest.mark.parametrize(("entry", "test"), FREE.values(), ids=FREE)
def test_a_quarantine_holds_nothing_else(entry: str, test: str) -> None:
    """Also what only begins like it."""
    assert not judged(failed(test), own=quarantined(entry), status=1)["module_tests_passed"].passed


def test_a_failure_that_the_log_does_not_name_is_not_held() -> None:
    """Odoo counts two, and only one of them can be in quarantine."""
    lines = failed("TestShop.test_prices", count=2)
    assert not judged(lines, own=quarantined(), status=1)["module_tests_passed"].passed


def test_the_failure_that_is_named_is_the_one_outside_of_the_quarantine() -> None:
    """The other one is known."""
    lines = failed("TestShop.test_prices", count=2)
    lines[5:5] = [f"{STAMP} ERROR db odoo.addons.shop.tests.test_shop: FAIL: TestShop.test_stock"]
    check = judged(lines, own=quarantined(), status=1)["module_tests_passed"]
    assert not check.passed
    assert "TestShop.test_stock" in check.summary.split("; 1 failed in quarantine")[0]


def test_a_copied_template_repeats_what_was_accepted() -> None:
    """Its results are those of another run."""
    tests = judged(FAILED_TESTS, own=quarantined(), status=1)["module_tests_passed"].metadata
    log = OdooLog.parse([NO_PRINTER, *CLEAN], quiet=[PRINTER]).tests_report()
    checks = judge_copy(INSTALLED, ["shop"], {**tests, "silenced": log["silenced"]}, tested=["shop"])
    _, passed, clean = checks
    assert passed.summary.startswith("1 tests passed when the template was made; 1 failed in quarantine: ")
    assert "1 error(s) that log_allow accepts when the template was made" in clean.summary
    assert all(check.passed for check in checks)
