"""Reads what the program `odoo-invariants` prints: the answer of each expression."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

_MARK = "odooops-invariants:"


@dataclass(frozen=True, kw_only=True)
class InvariantAnswer:
    """The rows of an answer, or why there is none."""

    rows: tuple[tuple[str, ...], ...] = ()
    error: str = ""


def read_answers(lines: Iterable[str], *, count: int) -> tuple[InvariantAnswer, ...]:
    """Return the answers in the order in which they were asked; one that is missing has the last line as its error."""
    lines = tuple(lines)
    found = [json.loads(text) for mark, _, text in (line.partition(" ") for line in lines) if mark == _MARK]
    known = {
        each["number"]: InvariantAnswer(rows=tuple(map(tuple, each.get("rows", ()))), error=each.get("error", ""))
        for each in found
        if "number" in each
    }
    last = next((line for line in reversed(lines) if line.strip()), "the program did not start")
    missing = InvariantAnswer(error=f"Odoo did not get to it: {last}")
    return tuple(known.get(number, missing) for number in range(count))
