"""Undo of a failed step: remove what it created, newest first, unless the work was kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.steps.core.context import Log


class Undo:
    """A stack of undo actions."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._stack = ExitStack()

    def add(self, what: str, way: Callable[[], object]) -> None:
        """Register the undo action of what was just done."""
        self._stack.callback(self._take_back, what, way)

    def forget(self) -> None:
        """Keep everything done so far: drop all undo actions."""
        self._stack.pop_all()

    def run(self) -> None:
        """Run all undo actions, newest first; none of them stops the rest."""
        self._stack.close()

    def _take_back(self, what: str, way: Callable[[], object]) -> None:
        """Run one undo action; leave one that fails to the janitor."""
        try:
            way()
        except (OdooOpsError, OSError) as error:
            self._log("warn", f"could not undo {what}: {error}; the janitor will")


@contextmanager
def undoing(log: Log) -> Iterator[Undo]:
    """Run the undo actions if the block raises anything, including the interruption by a cancel."""
    undo = Undo(log)
    try:
        yield undo
    except BaseException:
        undo.run()
        raise
