"""Parses Odoo's log: the loaded modules, the tests that ran, and every error and warning."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from odooops_dagster.model import LogLevel
from odooops_dagster.tools.odoo.log_records import (
    SUMMARY_CHARACTERS,
    TESTS_FAILED_AT_LOADING,
    TOTALS,
    UNREADABLE,
    LogRecord,
    cause,
    is_bad,
    name_of_test,
    read_record,
)
from odooops_dagster.tools.odoo.quiet import accepting, to_record
from odooops_dagster.tools.project_file import QuietRecord

OnLine = Callable[[str], None]

_TEST_OF_MODULE = re.compile(r"^odoo\.addons\.(?P<module>\w+)\.tests\b")
_STARTS_TEST = re.compile(r"^Starting \S+\.test\S* \.\.\.$")
_LEVELS: Mapping[str, LogLevel] = {"WARNING": "warn", "ERROR": "error", "CRITICAL": "error", UNREADABLE: "error"}
_WORTH_TELLING = re.compile(
    r"^(Loading module |Module \w+ loaded in |Starting |Modules loaded|Initiating shutdown|invalid module names)"
)
# Source: odoo/cli/server.py, check_root_user.
_SAID_ALWAYS = frozenset({"Running as user 'root' is a security risk."})
_LOADING_MODULE = re.compile(r"^Loading module (?P<module>\w+)")
_LOADING_FILE = re.compile(r"^loading (?P<file>\w+/\S.*)$")
# Limits of what is kept here; the log itself is kept as evidence. Repeated errors are kept once and counted.
_ERRORS_KEPT = 50
_SIGNATURES_KEPT = 1000
_STRAY_LINES_KEPT = 100
# The record with which Odoo ends when its modules do not load. Source: odoo/service/server.py, preload_registries.
GAVE_UP = "Failed to initialize database"


# The record of a start in which an installed module is missing. Source: odoo/modules/loading.py, load_modules.
NOT_LOADED = "Some modules are not loaded"
# What a server says once it begins; before it the log is that of an earlier start. Source: odoo/cli/server.py.
_BEGINS = re.compile(r" odoo: Odoo version \S+\s*$")


def what_was_not_loaded(lines: Sequence[str]) -> str | None:
    """Return what the last start in the log says of modules that it did not load, in one line; None if nothing."""
    begin = max((number for number, line in enumerate(lines) if _BEGINS.search(line)), default=0)
    records = OdooLog.parse(lines[begin:]).errors
    return next((record.summary for record in records if record.message.startswith(NOT_LOADED)), None)


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
    errors: tuple[LogRecord, ...] = ()  # without those that report tests
    error_counts: Mapping[str, int] = field(default_factory=dict)  # of those, by signature
    error_total: int = 0
    test_reports: tuple[LogRecord, ...] = ()
    modules_loaded: bool = False
    shut_down: bool = False
    tests_failed_at_loading: bool = False
    ignored_modules: str = ""
    loading_module: str = ""  # the last that Odoo began to load
    loading_file: str = ""  # the last data file that Odoo began to load, from its module's name on
    running_test: str = ""  # the last that began
    totals: TestTotals | None = None
    module_tests: Mapping[str, int] = field(default_factory=dict)
    failed_tests: tuple[str, ...] = ()
    stray_lines: tuple[str, ...] = ()
    silenced: Mapping[QuietRecord, int] = field(default_factory=dict)  # errors that the project accepts, not in errors

    @classmethod
    def parse(cls, lines: Iterable[str], *, quiet: Sequence[QuietRecord] = ()) -> Self:
        """Parse the lines of a log; `quiet` are the errors that the project accepts."""
        reader = _Reader(quiet)
        for line in lines:
            reader.read(line.rstrip("\n"))
        return cls(**reader.result())

    @classmethod
    def read(cls, path: Path, *, quiet: Sequence[QuietRecord] = ()) -> Self:
        """Parse a log file in the same way; an absent file is an empty log."""
        if not path.is_file():
            return cls()
        with path.open(errors="replace") as file:
            return cls.parse(file, quiet=quiet)

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
            "silenced": to_record(self.silenced),
        }

    @property
    def reason(self) -> LogRecord | None:
        """Return the most important error; None if no error was logged."""
        return self.reason_among(self.errors or self.test_reports)

    @property
    def has_given_up(self) -> bool:
        """Return whether Odoo did not start because its modules did not load."""
        return any(record.message.startswith(GAVE_UP) for record in self.errors)

    def reason_among(self, errors: Sequence[LogRecord]) -> LogRecord | None:
        """Return the most important of these errors."""
        # Prefer the record with which Odoo gave up: its traceback has the reason, earlier errors are consequences.
        gave_up = [record for record in errors if record.message.startswith(GAVE_UP)]
        return next(iter([*gave_up, *errors]), None)

    @property
    def worked_at(self) -> str:
        """Return what Odoo was at when its log ended; empty if it is not known."""
        if self.running_test and not self.totals:
            return f"the test {self.running_test}"
        return f"module {self.loading_module}" if self.loading_module and not self.modules_loaded else ""

    @property
    def last_words(self) -> str:
        """Return the exception of a traceback outside the log's format, or the last such line."""
        last = next(reversed(self.stray_lines), "")
        return (cause(self.stray_lines) or last.strip())[:SUMMARY_CHARACTERS]


def progress_notice(line: str) -> LogNotice | None:
    """Return the notice for a line about loading modules, tests, warnings or errors; None for other lines."""
    record = read_record(line)
    if record is None:
        return None
    level = _LEVELS.get(record.level)
    if level is None and not _WORTH_TELLING.match(record.message) and not TOTALS.search(record.message):
        return None
    shown = record.message if level is None or not record.logger else f"{record.logger}: {record.message}"
    return LogNotice(level=level or "info", message=shown)


class _Reader:
    """Collects the fields of an OdooLog."""

    def __init__(self, quiet: Sequence[QuietRecord]) -> None:
        self._quiet = quiet
        self._silenced: Counter[QuietRecord] = Counter()
        self._levels: Counter[str] = Counter()
        self._errors: dict[str, LogRecord] = {}
        self._counts: Counter[str] = Counter()
        self._total = 0
        self._test_reports: list[LogRecord] = []
        self._module_tests: Counter[str] = Counter()
        self._failed_tests: list[str] = []
        self._stray: deque[str] = deque(maxlen=_STRAY_LINES_KEPT)
        self._facts: dict[str, Any] = {}
        self._open: tuple[LogRecord, list[str]] | None = None

    def read(self, line: str) -> None:
        record = read_record(line)
        if record is None:
            self._read_stray(line)
            return
        self._close()
        self._levels[record.level] += 1
        self._note(record)
        if is_bad(record):
            self._open = (record, [])

    def result(self) -> dict[str, Any]:
        self._close()
        return {
            "levels": dict(self._levels),
            "errors": tuple(self._errors.values()),
            "error_counts": dict(self._counts),
            "error_total": self._total,
            "test_reports": tuple(self._test_reports),
            "module_tests": dict(self._module_tests),
            "failed_tests": tuple(self._failed_tests),
            "stray_lines": tuple(self._stray),
            "silenced": dict(self._silenced),
            **self._facts,
        }

    def _read_stray(self, line: str) -> None:
        if self._open:
            self._open[1].append(line)
        elif line.strip() and line not in _SAID_ALWAYS:
            self._stray.append(line)

    def _close(self) -> None:
        if self._open:
            record, more = self._open
            self._keep(record.with_lines(more))
        self._open = None

    def _keep(self, record: LogRecord) -> None:
        if record.reports_tests:
            self._test_reports = [*self._test_reports, record][:_ERRORS_KEPT]
            return
        accepted = accepting(record, self._quiet)
        if accepted is not None:
            self._silenced[accepted] += 1
            return
        self._total += 1
        signature = record.signature
        if signature in self._counts or len(self._counts) < _SIGNATURES_KEPT:
            self._counts[signature] += 1
        if len(self._errors) < _ERRORS_KEPT or record.message.startswith(GAVE_UP):
            self._errors.setdefault(signature, record)

    def _note(self, record: LogRecord) -> None:
        """Record markers and counts; each is accepted only from its own logger."""
        logger, message = record.logger, record.message
        if logger == "odoo.modules.loading":
            self._note_loading(message)
        elif logger == "odoo.service.server" and message == "Initiating shutdown":
            self._facts["shut_down"] = True
        elif _STARTS_TEST.match(message) and (module := _TEST_OF_MODULE.match(logger)):
            self._module_tests[module["module"]] += 1
            self._facts["running_test"] = message.removeprefix("Starting ").removesuffix(" ...")
        elif logger == "odoo.tests.result" and (totals := TOTALS.search(message)):
            self._facts["totals"] = TestTotals(**{name: int(count) for name, count in totals.groupdict().items()})
        elif failed := name_of_test(record):
            self._failed_tests.append(failed)

    def _note_loading(self, message: str) -> None:
        if message == "Modules loaded.":
            self._facts["modules_loaded"] = True
        elif message == TESTS_FAILED_AT_LOADING:
            self._facts["tests_failed_at_loading"] = True
        elif message.startswith("invalid module names, ignored: "):
            self._facts["ignored_modules"] = message.partition(": ")[2]
        elif loading := _LOADING_MODULE.match(message):
            self._facts |= {"loading_module": loading["module"], "loading_file": ""}
        elif loading := _LOADING_FILE.match(message):
            self._facts["loading_file"] = loading["file"]
