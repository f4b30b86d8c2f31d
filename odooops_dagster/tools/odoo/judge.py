"""The only place that decides whether an Odoo command succeeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from odooops_dagster.model import CheckResult, JobResult
from odooops_dagster.tools.odoo.baseline import NO_FAULTS, OdooFaults
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.odoo.log_records import FAILED_TEST
from odooops_dagster.tools.odoo.untested import Untested, from_record, to_record


def judge(
    result: JobResult,
    log: OdooLog,
    states: Mapping[str, str],
    *,
    wanted: Sequence[str],
    tested: Sequence[str] = (),
    untested: Mapping[str, Untested] | None = None,
    faults: OdooFaults = NO_FAULTS,
) -> list[CheckResult]:
    """Return checks of whether an Odoo command succeeded; a zero exit status is not enough.

    `states` are the module states in the database, `wanted` the modules that must be installed, `tested` the modules
    whose tests must have run, `untested` those of them of which the reason is known why no test ran. `faults` are
    those of Odoo itself, for which nobody who pushes is to blame.
    """
    tests = _tests_passed(log, tested, untested or {})
    return [_modules_installed(result, log, states, wanted), tests, _log_clean(log, faults)]


def judge_copy(
    states: Mapping[str, str], wanted: Sequence[str], tests: Mapping[str, Any], *, tested: Sequence[str] = ()
) -> list[CheckResult]:
    """Return checks of a copied template, with the test results from its creation.

    As in `judge`, the tests of each module in `tested` must have run, or the results say why they did not.
    """
    problem = _wrong_states(states, wanted)
    passed = f"{int(tests.get('total', 0))} tests passed when the template was made"
    untested = from_record(tests.get("untested") or {})
    silent = _silent(tests.get("modules") or {}, tested, untested, when=" when the template was made")
    return [
        _check("modules_installed", problem, f"{_count(wanted)} installed, copied from a template"),
        _check("module_tests_passed", silent.refused, passed + silent.noted, **tests),
        _check("log_clean", "", "nothing was installed in this run: the template's log was clean"),
    ]


def _modules_installed(
    result: JobResult, log: OdooLog, states: Mapping[str, str], wanted: Sequence[str]
) -> CheckResult:
    problem = _ended_badly(result, log) or _missing_markers(result, log) or _wrong_states(states, wanted)
    if problem and (reason := log.reason or (log.last_words if result.exit_status else "")):
        problem = f"{problem}: {reason}"
    installed = sum(state == "installed" for state in states.values())
    return _check(
        "modules_installed",
        problem,
        f"{_count(wanted)} installed as asked, {installed} in all",
        exit_status=result.exit_status,
        seconds=round(result.seconds, 1),
    )


def _ended_badly(result: JobResult, log: OdooLog) -> str:
    if result.timed_out:
        return f"Odoo was stopped after {result.seconds:.0f} s, its time limit"
    if result.exit_status < 0:
        return f"Odoo was killed by signal {-result.exit_status}"
    tests_failed = log.totals is not None and log.totals.failed + log.totals.errors > 0
    # Failed tests cause exit status 1 and have their own check.
    if result.exit_status != 0 and not (result.exit_status == 1 and tests_failed):
        return f"Odoo ended with exit status {result.exit_status}"
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


def _tests_passed(log: OdooLog, tested: Sequence[str], untested: Mapping[str, Untested]) -> CheckResult:
    totals = log.totals
    silent = _silent(log.module_tests, tested, untested)
    problem = silent.refused
    if totals and totals.failed + totals.errors:
        problem = f"{totals.failed} failed, {totals.errors} error(s) of {totals.total} tests: {_first_failure(log)}"
    elif totals is None and set(tested) - set(untested):
        problem = f"no test ran: Odoo ended before its tests: {log.reason or log.last_words}"
    passed = f"{totals.total if totals else 0} tests passed" if tested else "the modules ship no tests"
    record = log.tests_report() | {"untested": to_record(untested)}
    return _check("module_tests_passed", problem, passed + silent.noted, **record)


@dataclass(frozen=True, kw_only=True)
class _Silent:
    """The modules of which no test ran, in words: those that fail the check, and the others."""

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


def _first_failure(log: OdooLog) -> str:
    failures = [record for record in log.test_reports if FAILED_TEST.match(record.message)]
    return failures[0].summary if failures else log.reason


def _log_clean(log: OdooLog, faults: OdooFaults) -> CheckResult:
    own = [record for record in log.errors if not faults.cover(record)]
    excused = sum(log.error_counts.get(record.signature, 0) for record in log.errors if faults.cover(record))
    errors = log.error_total - excused
    problem = ""
    if errors:
        more = f" (and {errors - 1} more)" if errors > 1 else ""
        problem = f"{log.reason_among(own) or 'errors beyond the first that are kept'}{more}"
    warnings = log.levels.get("WARNING", 0)
    passed = f"no errors, {warnings} warning(s)"
    if excused:
        passed += f"; {excused} error(s) that this Odoo logs without your modules too"
    return _check("log_clean", problem, passed, warnings=warnings, errors=errors, excused=excused)


def _check(name: str, problem: str, success: str, **metadata: object) -> CheckResult:
    return CheckResult(name=name, passed=not problem, summary=problem or success, metadata=metadata)


def _count(names: Sequence[str]) -> str:
    return f"module {names[0]}" if len(names) == 1 else f"{len(names)} modules"
