"""Carries a plan out: file by file, each whole, the record last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from odooops_dagster.files import write_whole
from odooops_dagster.scaffold.changes import Action, Change
from odooops_dagster.scaffold.planning import Plan
from odooops_dagster.scaffold.record import RECORD, read_record


def carry_out(plan: Plan, folder: Path, *, accepts: Callable[[Change], bool]) -> tuple[Change, ...]:
    """Write what was planned, and return the changes that were declined.

    Interrupted, it leaves whole files and the old record: the same call goes on from there.

    Args:
        plan: What to do.
        folder: The root of the repository.
        accepts: Asked about each change that touches somebody else's text.
    """
    declined = []
    for change in plan.changes:
        if change.action in (Action.SAME, Action.LEFT_OUT):
            continue
        if change.action.asks and not accepts(change):
            declined.append(change)
            continue
        _write(folder / change.path, change.after)
    record = plan.record(frozenset(change.path for change in declined))
    if read_record(folder) != record:  # by meaning: a formatter may have written it in its own way
        _write(folder / RECORD, record.text())
    return tuple(declined)


def _write(path: Path, text: bytes) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    write_whole(path, text, mode=mode)
