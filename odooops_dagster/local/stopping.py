"""The mark of a stack that is stopping: what would wait for new work ends its wait."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.home import stopping_mark


def announce(home: Path) -> None:
    """Tell the programs that the stack is stopping; the next start withdraws it."""
    stopping_mark(home).touch()


def withdraw(home: Path) -> None:
    """Remove the mark of the last stop."""
    stopping_mark(home).unlink(missing_ok=True)


def is_announced(home: Path) -> bool:
    """Return whether the stack is stopping."""
    return stopping_mark(home).exists()
