"""Odoo's log of an upgrade: each kind of error and warning with its line, and the time of each module."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.tools.odoo.log_records import LogRecord, read_record
from odooops_dagster.tools.odoo.quiet import accepting
from odooops_dagster.tools.project_file import QuietRecord
from odooops_dagster.tools.upgrade_report.form import Log, Message

# Source: `load_module_graph` in odoo/modules/loading.py, series 16 to 19.
_LOADED = re.compile(r"^Module (?P<name>\w+) loaded in (?P<seconds>[\d.]+)s(?:.*?, (?P<queries>\d+) queries)?")
_ERRORS = frozenset({"ERROR", "CRITICAL", "UNREADABLE"})
_CHARACTERS = 1000


@dataclass(frozen=True, kw_only=True)
class Told:
    """A log that was read: its messages by signature, and seconds and queries by module."""

    messages: dict[str, Message]
    modules: dict[str, tuple[float, int | None]]

    def against(self, known: Collection[str]) -> Log:
        """Return the messages that are not known, and how many are."""
        new = [message for signature, message in self.messages.items() if signature not in known]
        old = [message for signature, message in self.messages.items() if signature in known]
        return Log(
            errors=tuple(message for message in new if message.level in _ERRORS),
            warnings=tuple(message for message in new if message.level not in _ERRORS),
            known_errors=sum(message.level in _ERRORS for message in old),
            known_warnings=sum(message.level not in _ERRORS for message in old),
        )


def read_messages(lines: Iterable[str], *, quiet: Sequence[QuietRecord] = ()) -> Told:
    """Read the lines of an Odoo log; `quiet` are the errors that the project accepts."""
    first: dict[str, tuple[int, str, LogRecord]] = {}
    counts: Counter[str] = Counter()
    modules: dict[str, tuple[float, int | None]] = {}
    for number, line, record in _records(lines):
        if accepting(record, quiet) is not None:
            continue
        if record.level in _ERRORS or record.level == "WARNING":
            first.setdefault(record.signature, (number, line, record))
            counts[record.signature] += 1
        elif record.logger == "odoo.modules.loading" and (loaded := _LOADED.match(record.message)):
            queries = int(loaded["queries"]) if loaded["queries"] else None
            modules[loaded["name"]] = (float(loaded["seconds"]), queries)
    messages = {
        signature: Message(
            level=record.level,
            message=record.told[:_CHARACTERS],
            line=number,
            text=line[:_CHARACTERS],
            count=counts[signature],
        )
        for signature, (number, line, record) in first.items()
    }
    return Told(messages=messages, modules=modules)


def seconds_of_modules(log_path: Path) -> float:
    """Return how long Odoo worked on the modules that it installed or updated, by its log; 0 without one."""
    if not log_path.is_file():
        return 0.0
    told = read_messages(log_path.read_text(errors="replace").splitlines())
    return sum(seconds for seconds, _ in told.modules.values())


def _records(lines: Iterable[str]) -> Iterable[tuple[int, str, LogRecord]]:
    """Yield each record with its first line, when its last one was read."""
    begun: tuple[int, str, LogRecord] | None = None
    more: list[str] = []
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\n")
        record = read_record(line)
        if record is None:
            more.append(line)
            continue
        if begun is not None:
            yield begun[0], begun[1], begun[2].with_lines(more)
        begun, more = (number, line, record), []
    if begun is not None:
        yield begun[0], begun[1], begun[2].with_lines(more)
