"""The judge of Odoo's log: exit status 0 alone proves nothing. The lines are Odoo 19's own, shortened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.model import CheckResult, JobResult
from odooops_dagster.tools.odoo.baseline import OdooFaults
from odooops_dagster.tools.odoo.judge import judge, judge_copy
from odooops_dagster.tools.odoo.log import OdooLog, progress_notice, what_was_not_loaded

STAMP = "2026-03-22 03:38:34,924 26566"
LOADED = f"{STAMP} INFO db odoo.modules.loading: Modules loaded. "
SHUT_DOWN = f"{STAMP} INFO db odoo.service.server: Initiating shutdown "
STARTS_TEST = f"{STAMP} INFO db odoo.addons.shop.tests.test_shop: Starting TestShop.test_prices ... "
THREE_TESTS = f"{STAMP} INFO db odoo.tests.result: 0 failed, 0 error(s) of 3 tests when loading database 'db' "
CLEAN = (LOADED, STARTS_TEST, THREE_TESTS, SHUT_DOWN)
INSTALLED = {"base": "installed", "shop": "installed", "crm": "uninstalled"}

BROKEN_VIEW = f"""\
Running as user 'root' is a security risk.
{STAMP} WARNING db odoo.modules.loading: Transient module states were reset\x20
{STAMP} ERROR db odoo.registry: Failed to load registry\x20
{STAMP} CRITICAL db odoo.service.server: Failed to initialize database `db`.\x20
Traceback (most recent call last):
  File "/odoo/service/server.py", line 1510, in preload_registries
    registry = Registry.new(dbname, update_module=update_module)
               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/odoo/tools/convert.py", line 616, in _tag_root
    raise ParseError(msg) from None  # Restart with "--log-handler odoo.tools.convert:DEBUG" for complete traceback
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
odoo.tools.convert.ParseError: while parsing /src/shop/views/shop.xml:2
Error while parsing or validating view:

Element '<field name="no_such_field">' cannot be located in parent view

View error context:
{{'file': '/src/shop/views/shop.xml',
 'line': 1}}

{SHUT_DOWN}""".splitlines()

FAILED_TESTS = f"""\
{STAMP} INFO db odoo.addons.shop.tests.test_shop: Starting TestShop.test_prices ...\x20
{STAMP} INFO db odoo.addons.shop.tests.test_shop: =====\x20
{STAMP} ERROR db odoo.addons.shop.tests.test_shop: FAIL: TestShop.test_prices
Traceback (most recent call last):
  File "/src/shop/tests/test_shop.py", line 6, in test_prices
    self.assertEqual(1, 2)
AssertionError: 1 != 2
\x20
{STAMP} INFO db odoo.addons.shop.tests.test_shop: Starting TestShop.test_stock ...\x20
{STAMP} ERROR db odoo.modules.loading: Module shop: 1 failures, 0 errors of 2 tests\x20
{STAMP} ERROR db odoo.modules.loading: At least one test failed when loading the modules.\x20
{STAMP} ERROR db odoo.tests.result: 1 failed, 0 error(s) of 2 tests when loading database 'db'\x20
{SHUT_DOWN}""".splitlines()


def judged(
    lines: Sequence[str],
    *,
    exit_status: int = 0,
    timed_out: bool = False,
    overflowed: bool = False,
    states: Mapping[str, str] = INSTALLED,
    wanted: Sequence[str] = ("shop",),
    tested: Sequence[str] = ("shop",),
) -> dict[str, CheckResult]:
    """Return the three checks by name."""
    result = JobResult(
        exit_status=exit_status,
        timed_out=timed_out,
        seconds=12.3,
        log_path=Path("odoo.log"),
        overflowed=overflowed,
    )
    checks = judge(result, OdooLog.parse(lines), states, wanted=wanted, tested=tested)
    return {check.name: check for check in checks}


def test_an_installation_with_all_its_proofs_passes() -> None:
    """Exit status, markers, module states and tests together make a success."""
    checks = judged(CLEAN)
    assert [name for name, check in checks.items() if check.passed] == [
        "modules_installed",
        "module_tests_passed",
        "log_clean",
    ]
    assert checks["modules_installed"].summary == "module shop installed as asked, 2 in all"
    assert checks["module_tests_passed"].summary == "3 tests passed"
    assert checks["module_tests_passed"].metadata["modules"] == {"shop": 1}


@pytest.mark.parametrize(
    ("lines", "states", "reason"),
    [
        (CLEAN, {**INSTALLED, "shop": "uninstalled"}, "module shop is uninstalled"),
        (CLEAN, {"base": "installed"}, "module shop is unknown to Odoo"),
        (CLEAN, {**INSTALLED, "crm": "to upgrade"}, "module crm is to upgrade"),
        (CLEAN, {}, "the database holds no module table"),
        ([THREE_TESTS, SHUT_DOWN], INSTALLED, "never said that its modules were loaded"),
        ([LOADED, THREE_TESTS], INSTALLED, "before its orderly shutdown"),
        (
            [f"{STAMP} WARNING db odoo.modules.loading: invalid module names, ignored: shopp ", *CLEAN],
            INSTALLED,
            "Odoo ignored modules: shopp",
        ),
        ([], INSTALLED, "never said that its modules were loaded"),
    ],
)
def test_exit_status_zero_without_a_proof_fails(lines: Sequence[str], states: Mapping[str, str], reason: str) -> None:
    """Each proof is needed, and the one that is missing is named."""
    check = judged(lines, states=states)["modules_installed"]
    assert not check.passed
    assert reason in check.summary


def test_markers_count_only_from_their_own_loggers() -> None:
    """A module that logs the words itself proves nothing."""
    forged = [line.replace("odoo.modules.loading", "odoo.addons.shop") for line in CLEAN]
    assert not judged(forged)["modules_installed"].passed


def test_a_broken_view_is_told_in_one_line_with_its_file() -> None:
    """The reason is the traceback's end, not the line that follows from it."""
    checks = judged(BROKEN_VIEW, exit_status=255, states={"base": "installed", "shop": "uninstalled"})
    assert checks["modules_installed"].summary == (
        "Odoo ended with exit status 255: CRITICAL odoo.service.server: Failed to initialize database `db`: "
        "ParseError: while parsing /src/shop/views/shop.xml:2 Error while parsing or validating view: "
        "Element '<field name=\"no_such_field\">' cannot be located in parent view"
    )
    for name in ("module_tests_passed", "log_clean"):
        assert (checks[name].passed, checks[name].is_asked) == (False, False)
        assert checks[name].summary == "not asked: Odoo did not start"
    assert "\n" not in "".join(check.summary for check in checks.values())


def test_a_failed_test_is_named_and_is_no_other_checks_business() -> None:
    """Failed tests end in exit status 1 and error lines; the modules are installed all the same."""
    checks = judged(FAILED_TESTS, exit_status=1)
    assert checks["modules_installed"].passed
    assert checks["log_clean"].passed
    assert checks["module_tests_passed"].summary == (
        "1 failed, 0 error(s) of 2 tests: "
        "ERROR odoo.addons.shop.tests.test_shop: FAIL: TestShop.test_prices: AssertionError: 1 != 2"
    )
    assert checks["module_tests_passed"].metadata["failed_tests"] == ["shop.tests.test_shop: TestShop.test_prices"]
    assert checks["module_tests_passed"].metadata["modules"] == {"shop": 2}


def test_a_class_whose_setup_breaks_is_a_failed_test() -> None:
    """Odoo reports it through another logger and counts no test for it."""
    lines = [
        f"{STAMP} ERROR db odoo.tests.suite: ERROR: setUpClass (odoo.addons.shop.tests.test_shop.TestShop)",
        "Traceback (most recent call last):",
        '  File "/src/shop/tests/test_shop.py", line 8, in setUpClass',
        '    raise ValueError("setup broke")',
        "ValueError: setup broke",
        LOADED,
        f"{STAMP} ERROR db odoo.tests.result: 0 failed, 1 error(s) of 0 tests when loading database 'db' ",
        SHUT_DOWN,
    ]
    checks = judged(lines, exit_status=1)
    assert checks["log_clean"].passed
    assert checks["module_tests_passed"].summary.endswith("TestShop): ValueError: setup broke")


def test_another_exit_status_is_not_excused_by_failed_tests() -> None:
    """Only exit status 1 is what failed tests end in."""
    check = judged(FAILED_TESTS, exit_status=255)["modules_installed"]
    assert check.summary.startswith("Odoo ended with exit status 255")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([LOADED, THREE_TESTS, SHUT_DOWN], "the tests of shop did not run"),
        ([LOADED, SHUT_DOWN], "no test ran"),
    ],
)
def test_tests_that_did_not_run_fail(lines: Sequence[str], reason: str) -> None:
    """A module that ships tests is not good because none of them ran."""
    check = judged(lines)["module_tests_passed"]
    assert not check.passed
    assert reason in check.summary


def test_modules_without_tests_pass_and_say_so() -> None:
    """Nothing was asked, nothing was missed."""
    check = judged([LOADED, SHUT_DOWN], tested=())["module_tests_passed"]
    assert check.passed
    assert check.summary == "the modules ship no tests"


def test_an_error_line_fails_the_log_and_is_quoted() -> None:
    """An error that stops nothing is still an error."""
    error = f"{STAMP} ERROR db odoo.addons.shop: something is off"
    checks = judged([error, error, f"{STAMP} WARNING db odoo.addons.shop: hm", *CLEAN])
    assert checks["modules_installed"].passed
    assert checks["log_clean"].summary == "ERROR odoo.addons.shop: something is off (and 1 more)"
    assert checks["log_clean"].metadata == {"warnings": 1, "errors": 2, "excused": 0, "silenced": []}


@pytest.mark.parametrize(
    ("line", "summary"),
    [
        (f"{STAMP} ERROR db shop-connector: refused ", "ERROR shop-connector: refused"),
        (f"{STAMP} ERROR db my shop (eu): refused", "ERROR my shop (eu): refused"),
        (f"{STAMP} CRITICAL ? werkzeug:", "CRITICAL werkzeug:"),
        (f"{STAMP} FATAL db odoo.addons.shop: refused", f"a record that cannot be read: {STAMP} FATAL db"),
        (f"{STAMP} ERROR", f"a record that cannot be read: {STAMP} ERROR"),
        (f"shop: 50 %{STAMP} ERROR db odoo.addons.shop: refused", "ERROR odoo.addons.shop: refused"),
        (f"{STAMP} ERROR db odoo.addons.shop.models: ERROR: refused", "ERROR odoo.addons.shop.models: ERROR: refused"),
    ],
)
def test_whatever_any_logger_says_is_read(line: str, summary: str) -> None:
    """A record has any logger; one that cannot be read may be the worst; a print without a line's end hides none."""
    check = judged([line, *CLEAN])["log_clean"]
    assert not check.passed
    assert check.summary.startswith(summary)
    told = progress_notice(line)
    assert told is not None
    assert told.level == "error"


@pytest.mark.parametrize("line", ["2026-03-22 03:38:34,924 - shop - ERROR - printed", "2026-03-22 it is", "ERROR: no"])
def test_what_does_not_begin_like_a_record_is_none(line: str) -> None:
    """A module may print what it likes."""
    assert judged([line, *CLEAN])["log_clean"].passed


@pytest.mark.parametrize("logger", ["odoo.tests.suite", "unittest.suite", "odoo.addons.shop.migrations.tests.test_a"])
def test_what_surrounds_a_class_of_tests_is_reported_by_the_suite(logger: str) -> None:
    """A setUpClass that fails is the business of the tests' check."""
    failed = f"{STAMP} ERROR db {logger}: ERROR: setUpClass (odoo.addons.shop.tests.test_shop.TestShop)"
    checks = judged([failed, *CLEAN[:2], THREE_TESTS.replace("0 error", "1 error"), SHUT_DOWN], exit_status=1)
    assert [name for name, check in checks.items() if not check.passed] == ["module_tests_passed"]


def test_no_number_of_errors_hides_another() -> None:
    """What is kept is limited; what is counted is not."""
    failures = [line.replace("test_prices", f"test_{n}") for n in range(60) for line in FAILED_TESTS[2:3]]
    check = judged([*failures, f"{STAMP} ERROR db odoo.addons.shop: the last", *CLEAN])["log_clean"]
    assert check.summary == "ERROR odoo.addons.shop: the last"
    many = [f"{STAMP} ERROR db odoo.addons.shop: {'x' * n}" for n in range(60)]
    assert judged([*many, *CLEAN])["log_clean"].metadata["errors"] == 60


def test_the_faults_of_odoo_itself_are_counted_apart() -> None:
    """A record with another number, database or time is the same; one with another reason is not."""
    gone = "'Could not get content for mail/static/lib/gone.js.' in file 'mail/static/lib/gone.js'"
    lacks = f"{STAMP} ERROR db odoo.addons.base.models.assetsbundle: {gone}"
    slow = f"{STAMP} ERROR db odoo.http: Exception during request 12 on db"
    why = ["Traceback (most recent call last):", '  File "/odoo/http.py", line 1, in x', "    x()", "ValueError: odoo"]
    baseline = OdooLog.parse([slow, *why])
    faults = OdooFaults(signatures=frozenset(baseline.error_counts), files=("mail/static/lib/gone.js",))

    def clean(lines: Sequence[str]) -> CheckResult:
        result = JobResult(exit_status=0, timed_out=False, seconds=1, log_path=Path("odoo.log"))
        return judge(result, OdooLog.parse([*lines, *CLEAN]), INSTALLED, wanted=["shop"], faults=faults)[2]

    other = [slow.replace("12", "345").replace("db", "ops_shop"), *why]
    check = clean([lacks, *other, *other])
    assert check.passed
    assert check.metadata == {"warnings": 0, "errors": 0, "excused": 3, "silenced": []}
    assert check.summary == "no errors, 0 warning(s); 3 error(s) that this Odoo logs without your modules too"
    check = clean([lacks, slow, *why[:-1], "ValueError: shop"])
    assert check.summary == "ERROR odoo.http: Exception during request 12 on db: ValueError: shop"
    assert not clean([lacks.replace("odoo.addons.base", "shop")]).passed


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"exit_status": -9}, "Odoo was killed by signal 9"),
        ({"exit_status": -15, "timed_out": True}, "Odoo was stopped after 12 s, its time limit"),
        ({"exit_status": -9, "overflowed": True}, "Odoo was stopped: it wrote more output than a job may"),
    ],
)
def test_a_killed_odoo_says_what_killed_it(how: dict[str, Any], reason: str) -> None:
    """Whatever the log says, a command that was killed did not succeed."""
    check = judged(CLEAN, **how)["modules_installed"]
    assert not check.passed
    assert check.summary.startswith(reason)


def test_a_program_that_dies_before_its_first_record_is_quoted() -> None:
    """An import error at the start is in no log record."""
    lines = [
        "Traceback (most recent call last):",
        '  File "/odoo/tools/mail.py", line 3, in <module>',
        "    import lxml.html.clean",
        "ImportError: lxml.html.clean module is now a separate project lxml_html_clean.",
        "Install lxml[html-clean] or lxml_html_clean directly.",
    ]
    summary = judged(lines, exit_status=1, states={})["modules_installed"].summary
    assert "exit status 1: ImportError: lxml.html.clean module is now a separate project" in summary


def test_a_log_that_was_never_written_is_an_empty_log(tmp_path: Path) -> None:
    """A command that could not start leaves no file."""
    assert OdooLog.read(tmp_path / "none.log") == OdooLog()


def test_a_log_of_any_bytes_is_read(tmp_path: Path) -> None:
    """What a module prints is not ours to choose."""
    path = tmp_path / "odoo.log"
    path.write_bytes(b"\xff\xfe\0 noise\n" + "\n".join(CLEAN).encode())
    assert OdooLog.read(path).modules_loaded


def test_a_copied_template_is_judged_by_its_states_and_quotes_its_tests() -> None:
    """A copy runs no test; it stands on those that ran when its template was made."""
    report = OdooLog.parse(CLEAN).tests_report()
    good = judge_copy(INSTALLED, ["shop"], report)
    assert [check.passed for check in good] == [True, True, True]
    assert good[1].summary == "3 tests passed when the template was made"
    assert not judge_copy({"base": "installed"}, ["shop"], report)[0].passed


def test_a_copied_template_is_held_to_the_collected_each_module() -> None:
    """One that was made without them proves nothing of the module."""
    report = OdooLog.parse(CLEAN).tests_report()
    assert judge_copy(INSTALLED, ["shop"], report, tested=["shop"])[1].passed
    for tests, tested in (({}, ["shop"]), (report, ["shop", "stock"])):
        check = judge_copy(INSTALLED, ["shop"], tests, tested=tested)[1]
        assert not check.passed
        assert check.summary == f"the tests of {tested[-1]} did not run when the template was made"


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        (f"{STAMP} INFO db odoo.modules.loading: Loading module shop (15/15) ", "info", "Loading module shop (15/15)"),
        (f"{STAMP} WARNING db odoo.addons.shop: hm ", "warn", "odoo.addons.shop: hm"),
        (f"{STAMP} CRITICAL db odoo.service.server: gone ", "error", "odoo.service.server: gone"),
        (THREE_TESTS, "info", "0 failed, 0 error(s) of 3 tests when loading database 'db'"),
    ],
)
def test_lines_worth_telling_are_told(line: str, level: str, message: str) -> None:
    """A person who watches sees modules, tests, warnings and errors."""
    told = progress_notice(line)
    assert told is not None
    assert (told.level, told.message) == (level, message)


@pytest.mark.parametrize("line", ["", "  File x", f"{STAMP} INFO db odoo.registry: Registry loaded in 9.115s "])
def test_other_lines_are_left_to_the_log(line: str) -> None:
    """The whole log is kept as evidence."""
    assert progress_notice(line) is None


BEGINS = f"{STAMP} INFO ? odoo: Odoo version 19.0 "
LOST = "Some modules are not loaded, some dependencies or manifest may be missing: ['visit_gift']"
NOT_LOADED = f"{STAMP} ERROR db odoo.modules.loading: {LOST} "


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([BEGINS, LOADED], None),
        ([BEGINS, NOT_LOADED, LOADED], f"ERROR odoo.modules.loading: {LOST}"),
        ([NOT_LOADED, LOADED], f"ERROR odoo.modules.loading: {LOST}"),
        ([BEGINS, NOT_LOADED, LOADED, BEGINS, LOADED], None),
        ([BEGINS, f"{STAMP} ERROR db odoo.addons.shop: no rates today "], None),
        ([BEGINS, f"{STAMP} INFO db odoo.addons.shop: {LOST} "], None),
        ([], None),
    ],
)
def test_what_the_last_start_did_not_load_is_read_from_its_log(lines: Sequence[str], found: str | None) -> None:
    """An earlier start, and what a module logs of its own work, say nothing of it."""
    assert what_was_not_loaded(lines) == found
