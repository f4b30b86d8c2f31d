"""Proves a backup of the platform: restores it into a scratch server and compares every table."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict
from odooops_dagster.files import locked
from odooops_dagster.home import CONTROL_DATABASE, StateEntry, backup_lock
from odooops_dagster.local.recovery.fill import filled
from odooops_dagster.local.recovery.kept import Parts
from odooops_dagster.tools.backup.parallel import Progress, silent

_SCRATCH = "proof-"


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a restore of the backup had: as much as was backed up, with an unbroken audit trail."""

    id: str
    tables: int
    rows: int
    files: int
    links: int  # of the audit trail's chains


def prove(home: Path, parts: Parts, *, now: datetime, progress: Progress = silent) -> Proof:
    """Restore the backup into a server that is gone afterwards, compare it, and record that it was the same.

    Args:
        home: the state folder, on whose disk the scratch server is.
        parts: the backup, and its place in the store.
        now: the moment that is recorded.
        progress: told the bytes.

    Raises:
        Damaged: an object, a table or a file is not what was written.
        Conflict: a chain of the restored audit trail is broken.
    """
    with (
        locked(backup_lock(home)),
        _scratch(home) as folder,
        filled(folder, parts, durable=False, progress=progress) as found,
    ):
        links = _links(found.url(CONTROL_DATABASE))
    parts.place.note_proof(parts.record, at=now)
    return Proof(id=parts.record.id, tables=found.tables, rows=found.rows, files=found.files, links=links)


@contextmanager
def _scratch(home: Path) -> Iterator[Path]:
    """Yield a folder that the server's account may pass through; remove what a killed proof left."""
    parent = home / StateEntry.RUN
    parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    for left in parent.glob(f"{_SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=parent))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _links(url: str) -> int:
    """Return how many links the audit trail has; raise Conflict if a chain is broken."""
    with ControlPlane(url, max_connections=1, is_patient=False) as control:
        chains = control.audit.verify()
    if broken := [name for chain in chains for name in chain["broken"]]:
        raise Conflict(f"the audit trail in the backup is broken: {', '.join(broken[:5])}", hint="ops audit verify")
    return sum(chain["links"] for chain in chains)
