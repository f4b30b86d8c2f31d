"""The only place that decides whether an Odoo command succeeded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from odooops_dagster.model import ASKED, CheckResult, Failure, JobResult
from odooops_dagster.model.checks import FAILURES
from odooops_dagster.tools.odoo import quarantine, quiet
from odooops_dagster.tools.odoo.baseline import NO_FAULTS, OdooFaults
from odooops_dagster.tools.odoo.failure import Repository, failure_of
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.odoo.log_records import FAILED_TEST, LogRecord, name_of_test
from odooops_dagster.tools.odoo.untested import Untested, from_record, to_record
from odooops_dagster.tools.project_file import OwnTests

NO_SETTINGS = OwnTests()
_NOT_STARTED = "Odoo did not start"


def judge(
    result: JobResult,
    log: OdooLog,
    states: Mapping[str, str],
    *,
    wanted: Sequence[str],
    tested: Sequence[str] = (),
    untested: Mapping[str, Untested] | None = None,
    faults: OdooFaults = NO_FAULTS,
    own: OwnTests = NO_SETTINGS,
    today: date = date.min,
    repository: Repository | None = None,
) -> list[CheckResult]:
    """Return checks of whether an Odoo command succeeded; a zero exit status is not enough.

    `states` are the module states in the database, `wanted` the modules that must be installed, `tested` the modules
    whose tests must have run, `untested` those of them of which the reason is known why no test ran. `faults` are
    those of Odoo itself, for which nobody who pushes is to blame. `own` says which tests may fail `today`. With the
    `repository`, failures name its files and lines.
    """
    installed = _modules_installed(result, log, states, wanted, repository)
    if not installed.passed and log.has_given_up:
        return [installed, _not_asked("module_tests_passed", _NOT_STARTED), _not_asked("log_clean", _NOT_STARTED)]
    if not installed.passed and log.totals is None and tested:
        tests = _not_asked("module_tests_passed", "Odoo ended before its tests")
    else:
        failures = quarantine.judge_failures(log.failed_tests, own, today)
        tests = _tests_passed(log, tested, untested or {}, failures, repository)
    return [installed, tests, _log_clean(log, faults, repository)]


def judge_copy(
    states: Mapping[str, str], wanted: Sequence[str], tests: Mapping[str, Any], *, tested: Sequence[str] = ()
) -> list[CheckResult]:
    """Return checks of a copied template, with the test results from its creation.

    As in `judge`, the tests of each module in `tested` must have run, or the results say why they did not.
    """
    problem = _wrong_states(states, wanted)
    when = " when the template was made"
    held = tests.get("quarantined") or []
    passed = f"{int(tests.get('total', 0)) - len(held)} tests passed{when}{quarantine.noted(held)}"
    silenced = quiet.noted(tests.get("silenced") or [], when=when)
    untested = from_record(tests.get("untested") or {})
    silent = _silent(tests.get("modules") or {}, tested, untested, when=when)
    return [
        _check("modules_installed", problem, f"{_count(wanted)} installed, copied from a template"),
        _check("module_tests_passed", silent.refused, passed + silent.noted, **tests),
        _check("log_clean", "", "nothing was installed in this run: the template's log was clean" + silenced),
    ]


def _modules_installed(
    result: JobResult,
    log: OdooLog,
    states: Mapping[str, str],
    wanted: Sequence[str],
    repository: Repository | None,
) -> CheckResult:
    problem = _ended_badly(result, log) or _missing_markers(result, log) or _wrong_states(states, wanted)
    failure = None
    if problem and (record := log.reason):
        failure = _failure(record, log, repository) if log.has_given_up else None
        problem = _sentence(failure, f"{problem}: {record.summary}")
    elif problem and result.exit_status > 0:
        problem = f"{problem}: {log.last_words}" if log.last_words else problem
    installed = sum(state == "installed" for state in states.values())
    return _check(
        "modules_installed",
        problem,
        f"{_count(wanted)} installed as asked, {installed} in all",
        failure=failure,
        exit_status=result.exit_status,
        seconds=round(result.seconds, 1),
    )


def _failure(record: LogRecord, log: OdooLog, repository: Repository | None) -> Failure | None:
    return failure_of(record, log, repository) if repository else None


def _sentence(failure: Failure | None, otherwise: str) -> str:
    """Return the failure's sentence if it names a place, else the other one."""
    return failure.sentence if failure and failure.place else otherwise


def _not_asked(name: str, why: str) -> CheckResult:
    return CheckResult(name=name, passed=False, summary=f"not asked: {why}", metadata={ASKED: False})


def _ended_badly(result: JobResult, log: OdooLog) -> str:
    during = f", while it worked at {log.worked_at}" if log.worked_at else ""
    if result.timed_out:
        return f"Odoo was stopped after {result.seconds:.0f} s, its time limit{during}"
    if result.overflowed:
        return f"Odoo was stopped: it wrote more output than a job may{during}"
    if result.ended_for:
        return f"Odoo was ended: {result.ended_for}{during}"
    if result.exit_status < 0:
        return f"Odoo was killed by signal {-result.exit_status}{during}"
    tests_failed = log.totals is not None and log.totals.failed + log.totals.errors > 0
    # Failed tests cause exit status 1 and have their own check.
    if result.exit_status != 0 and not (result.exit_status == 1 and tests_failed):
        return f"Odoo ended with exit status {result.exit_status}{during if not log.reason else ''}"
    return ""


def _wrong_states(states: Mapping[str, str], wanted: Sequence[str]) -> str:
    if not states:
        return "the database holds no module table"
    wrong = {name: states.get(name, "unknown to Odoo") for name in wanted if states.get(name) != "installed"}
    pending = {name: state for name, state in states.items() if state.startswith("to ")}
    problems = {**wrong, **pending}
    return "; ".join(f"module {name} is {state}" for name, state in sorted(problems.items())[:5])


def _missing_markers(result: JobResult, log: OdooLog) -> str:
    if not log.modules_loaded and not log.tests_failed_at_loading:
        return f"Odoo ended with exit status {result.exit_status} but never said that its modules were loaded"
    if not log.shut_down:
        return f"Odoo ended with exit status {result.exit_status} before its orderly shutdown"
    if log.ignored_modules:
        return f"Odoo ignored modules: {log.ignored_modules}"
    return ""


def _tests_passed(
    log: OdooLog,
    tested: Sequence[str],
    untested: Mapping[str, Untested],
    failures: quarantine.Verdict,
    repository: Repository | None,
) -> CheckResult:
    totals = log.totals
    silent = _silent(log.module_tests, tested, untested)
    problem = silent.refused
    held = quarantine.to_record(failures.held)
    failure = None
    if totals and totals.failed + totals.errors and not _all_held(log, failures):
        counts = f"{totals.failed} failed, {totals.errors} error(s) of {totals.total} tests"
        record = _first_failure(log, failures)
        failure = _failure(record, log, repository) if record else None
        problem = f"{counts}: {record.summary if record else 'their records are lost'}"
        problem = _sentence(failure, problem) + (f" ({counts})" if failure and failure.place else "")
        problem += quarantine.noted_end(failures.ended)
    elif totals is None and set(tested) - set(untested):
        problem = f"no test ran: Odoo ended before its tests: {log.reason.summary if log.reason else log.last_words}"
    passed = f"{totals.total - len(held) if totals else 0} tests passed" if tested else "the modules ship no tests"
    record_of_tests = log.tests_report() | {"untested": to_record(untested), "quarantined": held}
    if problem and repository:
        record_of_tests[FAILURES] = [each.to_row() for each in _each_failure(log, failures, repository)]
    success = passed + quarantine.noted(held) + silent.noted
    return _check("module_tests_passed", problem, success, failure=failure, **record_of_tests)


def _all_held(log: OdooLog, failures: quarantine.Verdict) -> bool:
    """Return whether every failure that Odoo counts is one that the project accepts."""
    counted = log.totals.failed + log.totals.errors if log.totals else 0
    return not failures.others and len(log.failed_tests) >= counted


@dataclass(frozen=True, kw_only=True)
class _Silent:
    """The modules without a test run, in words: those that fail the check, and the others."""

    refused: str
    noted: str


def _silent(
    ran: Mapping[str, int], tested: Sequence[str], untested: Mapping[str, Untested], *, when: str = ""
) -> _Silent:
    silent = [name for name in tested if not ran.get(name)]
    unknown = [name for name in silent if name not in untested]
    known = [(name, untested[name]) for name in silent if name in untested]
    refused = [f"no test of {name} ran: {found.why}" for name, found in known if found.refused]
    if unknown:
        refused.insert(0, f"the tests of {', '.join(unknown)} did not run{when}")
    noted = [f"{name} ({found.why})" for name, found in known if not found.refused]
    return _Silent(refused="; ".join(refused), noted=f"; no test ran of {', '.join(noted)}" if noted else "")


def _first_failure(log: OdooLog, failures: quarantine.Verdict) -> LogRecord | None:
    """Return the first failed test that nobody accepts."""
    reports = [record for record in log.test_reports if FAILED_TEST.match(record.message)]
    others = [record for record in reports if name_of_test(record) not in failures.held]
    return next(iter([*others, *reports]), log.reason)


def _each_failure(log: OdooLog, failures: quarantine.Verdict, repository: Repository) -> Iterator[Failure]:
    """Yield each failed test that nobody accepts, without its traceback: a review shows it on its line."""
    for record in log.test_reports:
        if FAILED_TEST.match(record.message) and name_of_test(record) not in failures.held:
            yield replace(failure_of(record, log, repository), frames=(), excerpt="")


def _log_clean(log: OdooLog, faults: OdooFaults, repository: Repository | None) -> CheckResult:
    own = [record for record in log.errors if not faults.cover(record)]
    excused = sum(log.error_counts.get(record.signature, 0) for record in log.errors if faults.cover(record))
    errors = log.error_total - excused
    problem, failure = "", None
    if errors:
        more = f" (and {errors - 1} more)" if errors > 1 else ""
        record = log.reason_among(own)
        failure = _failure(record, log, repository) if record else None
        otherwise = record.summary if record else "errors beyond the first that are kept"
        problem = f"{_sentence(failure, otherwise)}{more}"
    warnings = log.levels.get("WARNING", 0)
    passed = f"no errors, {warnings} warning(s)"
    if excused:
        passed += f"; {excused} error(s) that this Odoo logs without your modules too"
    silenced = quiet.to_record(log.silenced)
    return _check(
        "log_clean",
        problem,
        passed + quiet.noted(silenced),
        failure=failure,
        warnings=warnings,
        errors=errors,
        excused=excused,
        silenced=silenced,
    )


def _check(name: str, problem: str, success: str, *, failure: Failure | None = None, **metadata: object) -> CheckResult:
    return CheckResult(
        name=name,
        passed=not problem,
        summary=problem or success,
        metadata=metadata,
        failure=failure if problem else None,
    )


def _count(names: Sequence[str]) -> str:
    return f"module {names[0]}" if len(names) == 1 else f"{len(names)} modules"
