"""Parses Odoo's log; `judge` is the only place that decides whether an Odoo command succeeded."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, Self

from odooops_dagster.model import CheckResult, JobResult, LogLevel

OnLine = Callable[[str], None]

# date pid LEVEL db logger: message
_RECORD = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ "
    r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL|RUNBOT) (?P<database>\S+) (?P<logger>[\w.]+): (?P<message>.*)$"
)
_TOTALS = re.compile(r"(?P<failed>\d+) failed, (?P<errors>\d+) error\(s\) of (?P<total>\d+) tests")
_TEST_OF_MODULE = re.compile(r"^odoo\.addons\.(?P<module>\w+)\.tests\b")
_STARTS_TEST = re.compile(r"^Starting \S+\.test\S* \.\.\.$")
_FAILED_TEST = re.compile(r"^(?P<flavour>FAIL|ERROR): (?P<test>\S+|Subtest .+|(setUp|tearDown)(Class|Module) \(.+\))$")
_TESTS_FAILED_AT_LOADING = "At least one test failed when loading the modules."
_REPORTS_TESTS = re.compile(
    r"^(Module \w+: \d+ failures, \d+ errors of \d+ tests|"
    r"\d+ failed, \d+ error\(s\) of \d+ tests when loading database|" + re.escape(_TESTS_FAILED_AT_LOADING) + r")"
)
_LEVELS: Mapping[str, LogLevel] = {"WARNING": "warn", "ERROR": "error", "CRITICAL": "error"}
_WORTH_TELLING = re.compile(
    r"^(Loading module |Module \w+ loaded in |Starting |Modules loaded|Initiating shutdown|invalid module names)"
)
# Limits of what is kept here; the log itself is kept as evidence.
_ERRORS_KEPT = 50
_STRAY_LINES_KEPT = 100
_SUMMARY_CHARACTERS = 500
_GAVE_UP = "Failed to initialize database"
# Omitted from a summary: the module path of an exception's class, and a view's error context.
_MODULE_PATH = re.compile(r"^([a-z_]\w*\.)+(?=[A-Z])")
_CONTEXT = "View error context:"
_CAUSE_LINES = 4


@dataclass(frozen=True, kw_only=True)
class LogRecord:
    """One record of the log with its continuation lines."""

    level: str
    logger: str
    message: str
    more: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Return one line: the message and the exception of the traceback."""
        cause = _cause(self.more)
        text = " ".join((f"{self.message.rstrip(' :.')}: {cause}" if cause else self.message).split())
        return f"{self.level} {self.logger}: {text}"[:_SUMMARY_CHARACTERS]

    @property
    def reports_tests(self) -> bool:
        """Return whether the record reports failed tests, which have their own check."""
        return bool(_FAILED_TEST.match(self.message) or _REPORTS_TESTS.match(self.message))


@dataclass(frozen=True, kw_only=True)
class LogNotice:
    """A line to show to a person who watches."""

    level: LogLevel
    message: str


@dataclass(frozen=True, kw_only=True)
class TestTotals:
    """The test counts that Odoo logs at its end."""

    failed: int
    errors: int
    total: int


@dataclass(frozen=True, kw_only=True)
class OdooLog:
    """The content of a log: record counts by level, errors, markers and tests."""

    levels: Mapping[str, int] = field(default_factory=dict)
    errors: tuple[LogRecord, ...] = ()
    modules_loaded: bool = False
    shut_down: bool = False
    tests_failed_at_loading: bool = False
    ignored_modules: str = ""
    totals: TestTotals | None = None
    module_tests: Mapping[str, int] = field(default_factory=dict)
    failed_tests: tuple[str, ...] = ()
    stray_lines: tuple[str, ...] = ()

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Self:
        """Parse the lines of a log."""
        reader = _Reader()
        for line in lines:
            reader.read(line.rstrip("\n"))
        return cls(**reader.result())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Parse a log file; an absent file is an empty log."""
        if not path.is_file():
            return cls()
        with path.open(errors="replace") as file:
            return cls.parse(file)

    def tests_report(self) -> dict[str, Any]:
        """Return the test results in the form stored with a run and with a template database."""
        totals = self.totals or TestTotals(failed=0, errors=0, total=0)
        return {
            "failed": totals.failed,
            "errors": totals.errors,
            "total": totals.total,
            "modules": dict(self.module_tests),
            "failed_tests": list(self.failed_tests),
            "warnings": self.levels.get("WARNING", 0),
        }

    @property
    def reason(self) -> str:
        """Return the summary of the most important error; empty if no error was logged."""
        errors = [record for record in self.errors if not record.reports_tests] or self.errors
        # Prefer the record with which Odoo gave up: its traceback has the reason, earlier errors are consequences.
        gave_up = [record for record in errors if record.message.startswith(_GAVE_UP)]
        first = next(iter([*gave_up, *errors]), None)
        return first.summary if first else ""

    @property
    def last_words(self) -> str:
        """Return the exception of a traceback outside the log's format, or the last such line."""
        last = next(reversed(self.stray_lines), "")
        return (_cause(self.stray_lines) or last.strip())[:_SUMMARY_CHARACTERS]


def progress_notice(line: str) -> LogNotice | None:
    """Return the notice for a line about loading modules, tests, warnings or errors; None for other lines."""
    match = _RECORD.match(line)
    if match is None:
        return None
    level = _LEVELS.get(match["level"])
    message = match["message"].strip()
    if level is None and not _WORTH_TELLING.match(message) and not _TOTALS.search(message):
        return None
    shown = message if level is None else f"{match['logger']}: {message}"
    return LogNotice(level=level or "info", message=shown)


def judge(
    result: JobResult, log: OdooLog, states: Mapping[str, str], *, wanted: Sequence[str], tested: Sequence[str] = ()
) -> list[CheckResult]:
    """Return checks of whether an Odoo command succeeded; a zero exit status is not enough.

    `states` are the module states in the database, `wanted` the modules that must be installed, `tested` the modules
    whose tests must have run.
    """
    return [_modules_installed(result, log, states, wanted), _tests_passed(log, tested), _log_clean(log)]


def judge_copy(
    states: Mapping[str, str], wanted: Sequence[str], tests: Mapping[str, Any], *, tested: Sequence[str] = ()
) -> list[CheckResult]:
    """Return checks of a copied template, with the test results from its creation.

    As in `judge`, the tests of each module in `tested` must have run.
    """
    problem = _wrong_states(states, wanted)
    total = int(tests.get("total", 0))
    ran = tests.get("modules") or {}
    untested = [name for name in tested if not ran.get(name)]
    untold = f"the tests of {', '.join(untested)} did not run when the template was made" if untested else ""
    return [
        _check("modules_installed", problem, f"{_count(wanted)} installed, copied from a template"),
        _check("module_tests_passed", untold, f"{total} tests passed when the template was made", **tests),
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


def _tests_passed(log: OdooLog, tested: Sequence[str]) -> CheckResult:
    totals = log.totals
    untested = [name for name in tested if not log.module_tests.get(name)]
    problem = ""
    if totals and totals.failed + totals.errors:
        problem = f"{totals.failed} failed, {totals.errors} error(s) of {totals.total} tests: {_first_failure(log)}"
    elif tested and totals is None:
        problem = f"no test ran: Odoo ended before its tests: {log.reason or log.last_words}"
    elif untested:
        problem = f"the tests of {', '.join(untested)} did not run"
    passed = f"{totals.total if totals else 0} tests passed" if tested else "the modules ship no tests"
    return _check("module_tests_passed", problem, passed, **log.tests_report())


def _first_failure(log: OdooLog) -> str:
    failures = [record for record in log.errors if _FAILED_TEST.match(record.message)]
    return failures[0].summary if failures else log.reason


def _log_clean(log: OdooLog) -> CheckResult:
    errors = [record for record in log.errors if not record.reports_tests]
    problem = ""
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        problem = f"{log.reason}{more}"
    warnings = log.levels.get("WARNING", 0)
    return _check("log_clean", problem, f"no errors, {warnings} warning(s)", warnings=warnings, errors=len(errors))


def _check(name: str, problem: str, success: str, **metadata: object) -> CheckResult:
    return CheckResult(name=name, passed=not problem, summary=problem or success, metadata=metadata)


def _count(names: Sequence[str]) -> str:
    return f"module {names[0]}" if len(names) == 1 else f"{len(names)} modules"


def _cause(more: Sequence[str]) -> str:
    """Return the exception of a traceback: the unindented lines after its last frame, joined to one line."""
    frames = [number for number, line in enumerate(more) if line.startswith('  File "')]
    if not frames:
        return ""
    after = list(takewhile(lambda line: line != _CONTEXT, more[frames[-1] + 1 :]))
    told = [line.strip() for line in after if line.strip() and not line.startswith(" ")]
    return _MODULE_PATH.sub("", " ".join(told[:_CAUSE_LINES]))


class _Reader:
    """Collects the fields of an OdooLog."""

    def __init__(self) -> None:
        self._levels: Counter[str] = Counter()
        self._errors: list[LogRecord] = []
        self._module_tests: Counter[str] = Counter()
        self._failed_tests: list[str] = []
        self._stray: deque[str] = deque(maxlen=_STRAY_LINES_KEPT)
        self._facts: dict[str, Any] = {}
        self._open: tuple[re.Match[str], list[str]] | None = None

    def read(self, line: str) -> None:
        match = _RECORD.match(line)
        if match is None:
            self._read_stray(line)
            return
        self._close()
        self._levels[match["level"]] += 1
        self._note(match["logger"], match["message"].strip())
        if match["level"] in {"ERROR", "CRITICAL"}:
            self._open = (match, [])

    def result(self) -> dict[str, Any]:
        self._close()
        return {
            "levels": dict(self._levels),
            "errors": tuple(self._errors),
            "module_tests": dict(self._module_tests),
            "failed_tests": tuple(self._failed_tests),
            "stray_lines": tuple(self._stray),
            **self._facts,
        }

    def _read_stray(self, line: str) -> None:
        if self._open:
            self._open[1].append(line)
        elif line.strip():
            self._stray.append(line)

    def _close(self) -> None:
        if self._open and len(self._errors) < _ERRORS_KEPT:
            match, more = self._open
            self._errors.append(
                LogRecord(
                    level=match["level"], logger=match["logger"], message=match["message"].strip(), more=tuple(more)
                )
            )
        self._open = None

    def _note(self, logger: str, message: str) -> None:
        """Record markers and counts; each is accepted only from its own logger."""
        if logger == "odoo.modules.loading":
            self._note_loading(message)
        elif logger == "odoo.service.server" and message == "Initiating shutdown":
            self._facts["shut_down"] = True
        elif _STARTS_TEST.match(message) and (module := _TEST_OF_MODULE.match(logger)):
            self._module_tests[module["module"]] += 1
        elif logger == "odoo.tests.result" and (totals := _TOTALS.search(message)):
            self._facts["totals"] = TestTotals(**{name: int(count) for name, count in totals.groupdict().items()})
        elif failed := _FAILED_TEST.match(message):
            self._failed_tests.append(f"{logger.removeprefix('odoo.addons.')}: {failed['test']}")

    def _note_loading(self, message: str) -> None:
        if message == "Modules loaded.":
            self._facts["modules_loaded"] = True
        elif message == _TESTS_FAILED_AT_LOADING:
            self._facts["tests_failed_at_loading"] = True
        elif message.startswith("invalid module names, ignored: "):
            self._facts["ignored_modules"] = message.partition(": ")[2]
