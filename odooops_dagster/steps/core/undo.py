"""Steps undo themselves: what was built is torn down, newest first, unless the work was kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.steps.core.context import Log


class Undo:
    """A list of ways back."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._ways: list[tuple[str, Callable[[], object]]] = []

    def add(self, what: str, way: Callable[[], object]) -> None:
        """Remember how to take back one thing just done."""
        self._ways.append((what, way))

    def forget(self) -> None:
        """Keep everything that was done so far."""
        self._ways.clear()

    def run(self) -> None:
        """Take everything back, newest first; one that fails is left for the janitor and does not stop the rest."""
        while self._ways:
            what, way = self._ways.pop()
            try:
                way()
            except (OdooOpsError, OSError) as error:
                self._log("warn", f"could not undo {what}: {error}; the janitor will")


@contextmanager
def undoing(log: Log) -> Iterator[Undo]:
    """Undo on any way out but a normal one, interruption by a cancel included."""
    undo = Undo(log)
    try:
        yield undo
    except BaseException:
        undo.run()
        raise
