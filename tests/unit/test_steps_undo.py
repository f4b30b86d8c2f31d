"""Steps undo themselves."""

from __future__ import annotations

import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.model import LogLevel
from odooops_dagster.steps.core.undo import undoing


class Notebook:
    """Takes down what is undone and what is logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, level: LogLevel, message: str) -> None:
        """Take down a log line."""
        self.lines.append(f"{level}: {message}")


def work(book: Notebook, error: BaseException | None, *, keep: bool = False) -> None:
    """Build two things, then fail or not."""
    with undoing(book.log) as undo:
        undo.add("database", lambda: book.lines.append("database dropped"))
        undo.add("service", lambda: book.lines.append("service stopped"))
        if keep:
            undo.forget()
        if error is not None:
            raise error


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), SystemExit(1)])
def test_a_failure_undoes_newest_first_interruptions_included(error: BaseException) -> None:
    """A cancel reaches a step as an interruption; it undoes like any failure, and goes on to the caller."""
    book = Notebook()
    with pytest.raises(type(error)):
        work(book, error)
    assert book.lines == ["service stopped", "database dropped"]


def test_success_undoes_nothing() -> None:
    """A normal end keeps everything."""
    book = Notebook()
    work(book, None)
    assert book.lines == []


def test_what_is_kept_stays_when_later_work_fails() -> None:
    """After `forget`, a failure takes nothing back."""
    book = Notebook()
    with pytest.raises(ValueError, match="late"):
        work(book, ValueError("late"), keep=True)
    assert book.lines == []


def test_one_way_back_that_fails_does_not_stop_the_others() -> None:
    """The failing one is logged for the reconciler, the rest are undone, and the first error is what is seen."""
    book = Notebook()

    def refuse() -> None:
        raise Unavailable("the server does not answer")

    def build_and_fail() -> None:
        with undoing(book.log) as undo:
            undo.add("database", lambda: book.lines.append("database dropped"))
            undo.add("service", refuse)
            raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        build_and_fail()
    assert book.lines == [
        "warn: could not undo service: the server does not answer; the janitor will",
        "database dropped",
    ]


@pytest.mark.parametrize("end", [KeyError("a mistake of ours"), KeyboardInterrupt()])
def test_an_unexpected_end_of_one_way_back_does_not_stop_the_others(end: BaseException) -> None:
    """Neither our own mistake nor a second cancel leaves the older things behind; neither is swallowed."""
    book = Notebook()

    def break_off() -> None:
        raise end

    def build_and_fail() -> None:
        with undoing(book.log) as undo:
            undo.add("database", lambda: book.lines.append("database dropped"))
            undo.add("service", break_off)
            raise ValueError("first")

    with pytest.raises(type(end)):
        build_and_fail()
    assert book.lines == ["database dropped"]
