"""Invariants of a project: how they are written, and what the program that evaluates them printed."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from odooops_dagster.tools.odoo.invariants import read_answers
from odooops_dagster.tools.project_file.upgrade import Invariant


@pytest.mark.parametrize("words", [{}, {"sql": "select 1", "python": "1"}])
def test_an_invariant_is_one_question(words: dict[str, str]) -> None:
    """A query or an expression, not both."""
    with pytest.raises(ValidationError, match="an invariant has either sql or python"):
        Invariant(name="it holds", **words)


def test_answers_are_read_in_their_order() -> None:
    """Whatever else Odoo printed between them."""
    lines = [
        "2026-02-13 10:00:00,000 1 INFO db odoo.modules.loading: loading",
        'odooops-invariants: {"number": 1, "error": "KeyError: 5"}',
        'odooops-invariants: {"number": 0, "rows": [["a", "1"], ["b", "2"]]}',
        'odooops-invariants: {"asked": 2}',
    ]
    first, second = read_answers(lines, count=2)
    assert (first.rows, first.error) == ((("a", "1"), ("b", "2")), "")
    assert (second.rows, second.error) == ((), "KeyError: 5")


def test_an_answer_that_is_missing_is_no_answer() -> None:
    """An Odoo that did not start says why in its last line."""
    [one] = read_answers(["ImportError: no module named shop", ""], count=1)
    assert one.error == "Odoo did not get to it: ImportError: no module named shop"
    assert read_answers([], count=1)[0].error == "Odoo did not get to it: the program did not start"
