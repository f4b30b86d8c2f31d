"""The only way to drop a database of the environments' server: the control plane's record is checked first.

All steps and the janitor call this function, for an environment's database, a template, a comparison database or a
leftover of a failed attempt. It refuses a database that an environment serves, that a restore keeps for its undo, that
another installation made, or whose run the record does not know.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict
from odooops_dagster.model import Fence
from odooops_dagster.tools.postgres.databases import OdooDatabases


def retire_database(
    control: ControlPlane,
    databases: OdooDatabases,
    name: str,
    *,
    files: Path | None = None,
    destroyer: Fence | None = None,
) -> None:
    """Drop the database if no environment uses it; a missing database is no error.

    `files` is the folder of its attachments, removed before the database: after a crash the janitor finds the rest by
    the database's name. `destroyer` is a running destroy run: it may drop the databases of its own environment. If the
    record does not answer, nothing is dropped.

    Raises:
        Conflict: an environment serves the database, a restore that can be undone keeps it, or it is not ours.
    """
    control.environments.require_unused_database(name, destroyer=destroyer)
    _refuse_unknown_maker(control, databases, name)
    if files is not None:
        shutil.rmtree(files, ignore_errors=True)
    databases.drop(name)


def _refuse_unknown_maker(control: ControlPlane, databases: OdooDatabases, name: str) -> None:
    """Refuse a database whose run is not on the record: a record restored from an older backup may miss its use."""
    mark = databases.marks(name).get(name)
    if mark is not None and mark.run_id is not None and not control.runs.known([mark.run_id]):
        raise Conflict(
            f"database {name} was made by a run that this control plane's record does not know",
            hint="see what it does not know: ops env orphans list",
        )
