"""What people read of a check: the answer in a word, and the question that was asked."""

from __future__ import annotations

from typing import Any

import pytest

from odooops_dagster.model.checks import CHECKS, answer_of, question_of


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ({"passed": True}, "passed"),
        ({"passed": False}, "failed"),
        ({"passed": False, "blocking": False}, "warning"),
        ({"passed": False, "metadata": {"asked": False}}, "not asked"),
    ],
)
def test_a_no_that_stops_nothing_and_a_question_not_asked_are_no_failures(row: dict[str, Any], answer: str) -> None:
    """The command and the console say the same of the same row."""
    assert answer_of({"blocking": True, "metadata": {}} | row) == answer


def test_a_deployment_and_a_drill_ask_other_things_by_one_name() -> None:
    """A first deployment has no backup whose data could be restored."""
    assert question_of("healthy") == "The new build answers people."
    assert question_of("healthy", of_drill=True) == "The backup's build answers with the restored data."
    assert question_of("module_tests_passed", of_drill=True) == "The repository's own tests ran and none failed."
    assert question_of("of_an_earlier_version") == "of an earlier version"
    assert {question_of(spec.name, of_drill=spec.asset == "recovery_drill") for spec in CHECKS} == {
        spec.question for spec in CHECKS
    }
