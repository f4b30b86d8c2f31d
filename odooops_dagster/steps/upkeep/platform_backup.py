"""Back the platform itself up, prove the backup, and drop old ones."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.local.recovery.backup import back_up
from odooops_dagster.local.recovery.kept import PlatformBackup, PlatformBackups
from odooops_dagster.local.recovery.verify import prove
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.retention import Policy


def back_platform_up(
    control: ControlPlane,
    settings: Settings,
    open_backups: Callable[[], PlatformBackups],
    *,
    progress: Callable[[str], object] = lambda _: None,
) -> PlatformBackup:
    """Make a backup, prove it by a restore, record it, and drop those that the policy does not keep.

    They are dropped after a failed proof too: attempts that never pass must not fill the store. While a restored record
    waits for a person none is dropped: they may hold what it lacks.

    Raises:
        Damaged: a restore of the backup is not what was written.
        Unavailable: the store or the server does not answer.
    """
    backups = open_backups()
    made = back_up(settings, backups, now=datetime.now(UTC))
    progress(f"made {made.record.id}")
    own = PlatformBackups(backups.store, backups.sealer, platform=made.place.platform)
    try:
        proof = prove(settings.home, made, now=datetime.now(UTC))
    except OdooOpsError:
        with suppress(OdooOpsError):  # why the proof failed is what a person has to know
            _drop_old(control, settings, own, progress=progress)
        raise
    progress(f"proved: {proof.tables} tables, {proof.rows} rows, {proof.files} files")
    control.plane.record_backup(made.record.taken_at)
    _drop_old(control, settings, own, progress=progress)
    return made.described


def _drop_old(
    control: ControlPlane, settings: Settings, own: PlatformBackups, *, progress: Callable[[str], object]
) -> None:
    if control.plane.is_unconfirmed():
        return
    for backup_id in own.apply_retention(policy=Policy(time_zone=settings.time_zone), now=datetime.now(UTC)):
        progress(f"dropped {backup_id}")
