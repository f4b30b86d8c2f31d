"""What a review shows of a run: its checks as questions with answers, and each failure on its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from odooops_dagster.model.checks import FAILURES, answer_of, question_of
from odooops_dagster.tools.forge import Annotation, Answer
from odooops_dagster.tools.forge.port import AnnotationLevel

# How a run's one sentence names a place of the repository, such as `shop/__manifest__.py:3: ...`.
_PLACE = re.compile(r"(?:^|[\s(])(?P<file>[\w.+@-]+(?:/[\w.+@-]+)*\.\w+):(?P<line>\d+)(?: in \S+)?: (?P<message>.+)")

Row = Mapping[str, Any]


def answers_of(checks: Sequence[Row]) -> list[Answer]:
    """Return the checks' questions and answers; `checks` are rows of ops.run_checks."""
    return [Answer(question=question_of(row["name"]), answer=answer_of(row), summary=row["summary"]) for row in checks]


def annotations_of(checks: Sequence[Row], *, error: str = "") -> list[Annotation]:
    """Return what is wrong where, each once, what stopped the run first.

    Args:
        checks: rows of ops.run_checks.
        error: the run's one sentence, for a run that a check did not end; empty for none.
    """
    failed = sorted((row for row in checks if not row["passed"]), key=lambda row: not row["blocking"])
    found = [each for row in failed for each in _of_check(row)]
    if not found and (place := _PLACE.search(error)) and _is_inside(place["file"]):
        found = [_annotation(place, level="failure", title="The run failed")]
    by_place = {(each.file, each.line, each.message): each for each in reversed(found)}
    return [each for each in found if by_place[each.file, each.line, each.message] is each]


def _of_check(row: Row) -> Iterator[Annotation]:
    level: AnnotationLevel = "failure" if row["blocking"] else "warning"
    told = row["metadata"]
    title = question_of(row["name"])
    for each in [*([told["failure"]] if told.get("failure") else []), *told.get(FAILURES, ())]:
        if each["file"] and _is_inside(each["file"]):
            yield _annotation(each, level=level, title=each["test"] or title, details=each["excerpt"])
    for use in told.get("uses", ()):  # of what a later series of Odoo drops
        if use["file"] and _is_inside(use["file"]):
            yield _annotation({**use, "message": use["summary"]}, level=level, title=title)


def _annotation(place: Any, *, level: AnnotationLevel, title: str, details: str = "") -> Annotation:  # noqa: ANN401 - JSON
    """Return what is wrong at a place, a mapping with file, line and message; a line that is unknown is the first."""
    return Annotation(
        file=place["file"],
        line=int(place["line"] or 1),
        level=level,
        title=title,
        message=place["message"] or title,
        details=details,
    )


def _is_inside(file: str) -> bool:
    """Return whether the path is one below the repository's root, as a forge takes it."""
    return not file.startswith("/") and ".." not in file.split("/")
