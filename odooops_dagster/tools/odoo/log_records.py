"""One record of Odoo's log: its first line, its message, and the words in which it is reported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

# date pid LEVEL db logger: message, as in odoo/netsvc.py; a logger may have any name.
_START = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ "
_RECORD = re.compile(
    _START
    + r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL|RUNBOT) (?P<database>\S+) (?P<logger>.+?):( (?P<message>.*))?$"
)
_BEGINS = re.compile(_START)
# The level of a record that cannot be read: it may be as bad as any.
UNREADABLE = "UNREADABLE"
_BAD_LEVELS = frozenset({"ERROR", "CRITICAL", UNREADABLE})
# A style that does not compile takes the whole bundle with it, and Odoo only warns. Source: `run_compiler` and
# `handle_compile_error` in odoo/addons/base/models/assetsbundle.py.
_BUNDLES = "odoo.addons.base.models.assetsbundle"
_COMPILER_SAYS = "Error: "

TOTALS = re.compile(r"(?P<failed>\d+) failed, (?P<errors>\d+) error\(s\) of (?P<total>\d+) tests")
FAILED_TEST = re.compile(r"^(?P<flavour>FAIL|ERROR): (?P<test>\S+|Subtest .+|(setUp|tearDown)(Class|Module) \(.+\))$")
TESTS_FAILED_AT_LOADING = "At least one test failed when loading the modules."
_REPORTS_TESTS = re.compile(
    r"^(Module \w+: \d+ failures, \d+ errors of \d+ tests|"
    r"\d+ failed, \d+ error\(s\) of \d+ tests when loading database|" + re.escape(TESTS_FAILED_AT_LOADING) + r")"
)
# Where tests are reported from: the test's own module, and the suite for what surrounds a class.
_OF_TESTS = re.compile(
    r"^(unittest\b|odoo\.(tests\b|modules\.loading$|upgrade\.|addons\.\w+\.(tests|migrations|upgrades)\b))"
)
SUMMARY_CHARACTERS = 500
# Omitted from a summary: the module path of an exception's class, and a view's error context.
_MODULE_PATH = re.compile(r"^([a-z_]\w*\.)+(?=[A-Z])")
_CONTEXT = "View error context:"
_CAUSE_LINES = 4
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True)
class LogRecord:
    """One record of the log with its continuation lines."""

    level: str
    logger: str
    message: str
    database: str = ""
    more: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Return one line: the message and the exception of the traceback."""
        place = f"{self.level} " if self.logger else "a record that cannot be read: "
        return f"{place}{self.told}"[:SUMMARY_CHARACTERS]

    @property
    def told(self) -> str:
        """Return the logger, the message and the exception of the traceback, in one line."""
        reason = cause(self.more)
        text = " ".join((f"{self.message.rstrip(' :.')}: {reason}" if reason else self.message).split())
        return f"{self.logger}: {text}" if self.logger else text

    @property
    def signature(self) -> str:
        """Return what the same record of another run has in common: its summary without numbers and the database."""
        database = rf"\b{re.escape(self.database)}\b" if self.database else r"(?!)"
        return _DIGITS.sub("0", re.sub(database, "db", self.summary))

    @property
    def reports_tests(self) -> bool:
        """Return whether the record reports failed tests, which have their own check."""
        told = FAILED_TEST.match(self.message) or _REPORTS_TESTS.match(self.message)
        return bool(told and _OF_TESTS.match(self.logger))

    def with_lines(self, more: Sequence[str]) -> LogRecord:
        """Return the record with its continuation lines."""
        return replace(self, more=tuple(more))


def read_record(line: str) -> LogRecord | None:
    """Return the record that begins in the line, None if none does.

    What begins like a record and is none is UNREADABLE. A record may follow a print without a line's end.
    """
    match = _RECORD.match(line) or (_BEGINS.match(line) is None and _RECORD.search(line)) or None
    if match is not None:
        message = (match["message"] or "").strip()
        return LogRecord(level=match["level"], logger=match["logger"], message=message, database=match["database"])
    return LogRecord(level=UNREADABLE, logger="", message=line.strip()) if _BEGINS.match(line) else None


def is_bad(record: LogRecord) -> bool:
    """Return whether the record says that something is broken."""
    is_broken_style = record.logger == _BUNDLES and record.message.startswith(_COMPILER_SAYS)
    return record.level in _BAD_LEVELS or is_broken_style


def name_of_test(record: LogRecord) -> str | None:
    """Return the failed test that the record reports, after the place of its module; None if it reports none."""
    failed = FAILED_TEST.match(record.message)
    return f"{record.logger.removeprefix('odoo.addons.')}: {failed['test']}" if failed else None


def cause(more: Sequence[str]) -> str:
    """Return the exception of a traceback: the unindented lines after its last frame, joined to one line."""
    frames = [number for number, line in enumerate(more) if line.startswith('  File "')]
    if not frames:
        return ""
    after = list(takewhile(lambda line: line != _CONTEXT, more[frames[-1] + 1 :]))
    told = [line.strip() for line in after if line.strip() and not line.startswith(" ")]
    return _MODULE_PATH.sub("", " ".join(told[:_CAUSE_LINES]))
