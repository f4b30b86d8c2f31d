"""The errors that a project accepts in Odoo's log, by the patterns of `log_allow`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from odooops_dagster.tools.odoo.log_records import LogRecord
from odooops_dagster.tools.project_file import QuietRecord


def accepting(record: LogRecord, quiet: Sequence[QuietRecord]) -> QuietRecord | None:
    """Return the entry that accepts the record; never one of level CRITICAL, and never one that cannot be read."""
    if record.level != "ERROR":
        return None
    return next((entry for entry in quiet if _fits(entry.pattern, record.told)), None)


def to_record(silenced: Mapping[QuietRecord, int]) -> list[dict[str, Any]]:
    """Return the accepted errors in the form stored with a run and a template."""
    return [{"pattern": e.pattern, "reason": e.reason, "count": count} for e, count in silenced.items()]


def noted(silenced: Sequence[Mapping[str, Any]], *, when: str = "") -> str:
    """Return what a check says about accepted errors; empty if there are none."""
    each = ", ".join(f"{e['pattern']!r} ({e['count']}: {e['reason']})" for e in silenced)
    total = sum(int(e["count"]) for e in silenced)
    return f"; {total} error(s) that log_allow accepts{when}: {each}" if total else ""


def _fits(pattern: str, text: str) -> bool:
    """Return whether the text has the parts between the stars, in their order; the time grows with the text only."""
    start = 0
    for part in pattern.split("*"):
        found = text.find(part, start)
        if found < 0:
            return False
        start = found + len(part)
    return True
