"""The only way to drop a database of the environments' server: the record is asked before.

Every step comes here, the janitor too, whether it drops an environment's database, a template, a comparison database
or what a failed attempt made. A name that an environment's row serves, or that a restore keeps to return to, is
refused, and so is what another installation made, or a run that the record does not know.
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
    """Drop the database if no environment uses it; one that is not there is fine.

    `files` is the folder of its attachments, which goes with it and before it: by the database's name the janitor finds
    what is left of both. `destroyer` is a running destroy run: what its own environment uses may go. Where the record
    cannot be asked nothing is dropped.

    Raises:
        Conflict: an environment serves the database, a restore that can be undone keeps it, or it is not ours.
    """
    control.environments.require_unused_database(name, destroyer=destroyer)
    _refuse_unknown_maker(control, databases, name)
    if files is not None:
        shutil.rmtree(files, ignore_errors=True)
    databases.drop(name)


def _refuse_unknown_maker(control: ControlPlane, databases: OdooDatabases, name: str) -> None:
    """Refuse a database of which the record, restored from an older backup, cannot know whether it is in use."""
    mark = databases.marks(name).get(name)
    if mark is not None and mark.run_id is not None and not control.runs.known([mark.run_id]):
        raise Conflict(
            f"database {name} was made by a run that this control plane's record does not know",
            hint="see what it does not know: ops env orphans list",
        )
