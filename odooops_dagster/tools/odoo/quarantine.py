"""Which failed tests a project accepts for now, and which it accepted until lately."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from odooops_dagster.tools.project_file import OwnTests, QuarantinedTest

# As OdooLog.failed_tests names them. Source: `getDescription` in odoo/tests/result.py, `_ErrorHolder` of unittest.
_TEST = re.compile(
    r"^(?P<module>\w+)\.[\w.]+: (Subtest )?(?P<class>\w+)\.(?P<method>\w+)\b"
    r"|^[\w.]+: (setUp|tearDown)Class \((odoo\.addons\.)?(?P<of_module>\w+)\.[\w.]*?(?P<of_class>\w+)\)$"
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Failed tests by what the project says of them."""

    held: Mapping[str, QuarantinedTest]
    others: tuple[str, ...]
    ended: Mapping[str, QuarantinedTest]  # those of the others that were accepted until a date


def judge_failures(failed: Iterable[str], tests: OwnTests, today: date) -> Verdict:
    """Sort the failed tests of a log; what cannot be read is accepted by nobody."""
    names = tuple(dict.fromkeys(failed))
    held = _entries(names, tests.in_force(today))
    others = tuple(name for name in names if name not in held)
    return Verdict(held=held, others=others, ended=_entries(others, tests.ended(today)))


def to_record(held: Mapping[str, QuarantinedTest]) -> list[dict[str, Any]]:
    """Return the accepted failures in the form stored with a run and a template."""
    return [{"test": name, "owner": entry.owner, "until": str(entry.until)} for name, entry in held.items()]


def noted(quarantined: Sequence[Mapping[str, Any]], *, when: str = "") -> str:
    """Return what a check says about accepted failures; empty if there are none."""
    each = ", ".join(f"{e['test']} (owner {e['owner']}, until {e['until']})" for e in quarantined)
    return f"; {len(quarantined)} failed in quarantine{when}: {each}" if quarantined else ""


def noted_end(ended: Mapping[str, QuarantinedTest]) -> str:
    """Return what a check says about failures that are no longer accepted; empty if there are none."""
    each = ", ".join(f"that of {e.test} (owner {e.owner}) on {e.until}" for e in dict.fromkeys(ended.values()))
    return f"; its quarantine has ended: {each}" if ended else ""


def _entries(names: Iterable[str], entries: Sequence[QuarantinedTest]) -> dict[str, QuarantinedTest]:
    found = {name: next((entry for entry in entries if _is_of(name, entry)), None) for name in names}
    return {name: entry for name, entry in found.items() if entry is not None}


def _is_of(name: str, entry: QuarantinedTest) -> bool:
    test = _TEST.match(name)
    if test is None:
        return False
    target, _, method = entry.test.partition(".")
    if test["of_class"]:
        return not method and target == f"/{test['of_module']}:{test['of_class']}"
    pattern = ".*".join(map(re.escape, re.split(r"\*+", method))) if method else ".*"
    return target == f"/{test['module']}:{test['class']}" and re.fullmatch(pattern, test["method"]) is not None
