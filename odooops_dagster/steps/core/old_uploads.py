"""Remove uploads that nobody read: those whose run never began, and those of a run whose reader was killed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Run
from odooops_dagster.tools.backup.uploads import uploads_below
from odooops_dagster.tools.store import ObjectStore

# An upload is stored before its run is queued, and a run may wait for a long time.
_KEPT_FOR = timedelta(days=7)


def remove_old(control: ControlPlane, store: ObjectStore, root: str, *, now: datetime) -> list[str]:
    """Remove the old uploads below the folder that no unfinished run needs, and return the keys of their pieces."""
    old = [(key, name) for key, name, came in uploads_below(store, root) if now - came > _KEPT_FOR]
    if not old:
        return []
    waiting = {name for run in _unfinished(control) for name in _names_in(run)}
    gone = [key for key, name in old if name not in waiting]
    for key in gone:
        store.delete(key)
    return gone


def _unfinished(control: ControlPlane) -> list[Run]:
    waiting = [control.runs.get(row["run_id"]) for row in control.runs.queued() if row["kind"] in {"backup", "restore"}]
    return [*control.runs.active(), *waiting]


def _names_in(run: Run) -> Iterator[str]:
    """Yield every name in the run's config, whatever its purpose."""
    for told in run.config.values():
        if isinstance(told, dict) and isinstance(told.get("name"), str):
            yield told["name"]
