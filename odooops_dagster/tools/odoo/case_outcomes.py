"""Reads what the program `odoo-cases` prints: how each upgrade case ended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

_MARK = "odooops-cases:"

CasePhase = Literal["prepare", "check"]


@dataclass(frozen=True, kw_only=True)
class CaseOutcome:
    """How one case ended.

    Args:
        outcome: `ran`, `skipped`, `failed`, or `missed` if Odoo did not get to it.
        file: its file below the upgrade path.
        line: the line that failed, or that of its class; 0 if unknown.
        text: why it failed or was skipped.
        value: the value that `prepare` kept for `check`, as JSON; None if it kept none.
    """

    outcome: Literal["ran", "skipped", "failed", "missed"]
    file: str
    line: int = 0
    text: str = ""
    value: str | None = None


@dataclass(frozen=True, kw_only=True)
class CaseRun:
    """The outcomes of one run by case, and why Odoo did not get to its end; empty if it did."""

    outcomes: Mapping[str, CaseOutcome]
    error: str = ""


def read_cases(lines: Iterable[str]) -> CaseRun:
    """Return what the output of the program says; a later line about a case replaces an earlier one."""
    lines = tuple(lines)
    found = [json.loads(text) for mark, _, text in (line.partition(" ") for line in lines) if mark == _MARK]
    outcomes = {each.pop("case"): CaseOutcome(**each) for each in found if "case" in each}
    if any("asked" in each for each in found):
        return CaseRun(outcomes=outcomes)
    last = next((line for line in reversed(lines) if line.strip()), "the program did not start")
    return CaseRun(outcomes=outcomes, error=f"Odoo did not get to their end: {last}")
