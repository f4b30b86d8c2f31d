"""The maintenance jobs: work on what the platform itself keeps, with progress in the run's log.

Each can be canceled or killed between two objects; the next run continues.
"""

# No `from __future__ import annotations` here: Dagster reads the annotation of an op's context as a type.

from datetime import UTC, datetime

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.maintenance import working
from odooops_dagster.kinds import MAINTENANCE, Maintenance
from odooops_dagster.local.signing_key import signing_key
from odooops_dagster.platform import platform_backups_of
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.converge import converge_all
from odooops_dagster.steps.recovery.mirror import mirror_backups
from odooops_dagster.steps.recovery.rows_apply import remove_old_reviews
from odooops_dagster.steps.recovery.zips import remove_old_zips
from odooops_dagster.steps.upkeep.anchor import anchor_record
from odooops_dagster.steps.upkeep.expire import expire_rows, remove_artifacts
from odooops_dagster.steps.upkeep.images import remove_images
from odooops_dagster.steps.upkeep.janitor import collect
from odooops_dagster.steps.upkeep.platform_backup import back_platform_up
from odooops_dagster.tools.bundle.envelopes import signer_of
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.store import ObjectStore
from odooops_dagster.tools.store.anchors import AnchorFiles
from odooops_dagster.tools.store.configured import mirror_store_of


@dg.op
def expire_artifacts(
    context: dg.OpExecutionContext, control: dg.ResourceParam[ControlPlane], store: dg.ResourceParam[ObjectStore]
) -> None:
    """Remove the expired objects, then their rows, and the old uploads that no run needs."""
    with working(context) as report:
        now = datetime.now(UTC)
        uploads = [*remove_old_zips(control, store, now=now), *remove_old_reviews(control, store, now=now)]
        if uploads:
            report(f"{len(uploads)} piece(s) of old uploads removed")
        report(str(remove_artifacts(control, store, progress=report)))


@dg.op
def mirror_verified_backups(
    context: dg.OpExecutionContext,
    control: dg.ResourceParam[ControlPlane],
    store: dg.ResourceParam[ObjectStore],
    settings: dg.ResourceParam[Settings],
) -> None:
    """Bring the mirror up to date, one backup after the other."""
    with working(context) as report:
        mirror = mirror_store_of(settings)
        if mirror is None:
            report("there is no mirror: ODOOOPS_MIRROR_URL names none")
            return
        turn = f"mirror-{context.run_id}"
        report(str(mirror_backups(control, settings, store, mirror, turn=turn, report=report)))


@dg.op
def expire_log_rows(context: dg.OpExecutionContext, control: dg.ResourceParam[ControlPlane]) -> None:
    """Remove expired rows in batches, and create the partitions of future months; checkpoints' hashes are logged."""
    with working(context) as report:
        for name in control.retention.ensure_partitions():
            report(f"made {name}")
        if not expire_rows(control, progress=report):
            report("nothing is past its time")


@dg.op
def anchor_entries(
    context: dg.OpExecutionContext,
    control: dg.ResourceParam[ControlPlane],
    store: dg.ResourceParam[ObjectStore],
    settings: dg.ResourceParam[Settings],
) -> None:
    """Anchor what was put on the record since the last anchor, signed; the seals are logged."""
    with working(context) as report:
        signer = signer_of(signing_key(settings.home))
        anchor_record(control, AnchorFiles(store, control.plane.get().id), signer=signer, progress=report)


@dg.op
def remove_unneeded_images(
    context: dg.OpExecutionContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> None:
    """Remove images; the record decides about each."""
    with working(context) as report:
        report(f"{remove_images(control, settings, progress=report)} image(s) removed")


@dg.op
def remove_leftovers(
    context: dg.OpExecutionContext,
    control: dg.ResourceParam[ControlPlane],
    runtime: dg.ResourceParam[Runtime],
    databases: dg.ResourceParam[OdooDatabases],
    settings: dg.ResourceParam[Settings],
) -> None:
    """Let the janitor go round once."""
    with working(context) as report:
        removed = collect(control, runtime, databases, settings, progress=report)
        report(f"{len(removed)} thing(s) removed")


@dg.op
def converge_services(
    context: dg.OpExecutionContext,
    control: dg.ResourceParam[ControlPlane],
    runtime: dg.ResourceParam[Runtime],
    databases: dg.ResourceParam[OdooDatabases],
    settings: dg.ResourceParam[Settings],
) -> None:
    """Make the runtime match the record."""
    with working(context) as report:
        if not converge_all(control, runtime, databases, settings, progress=report):
            report("every service is as its row says")


@dg.op
def back_up_the_platform(
    context: dg.OpExecutionContext, control: dg.ResourceParam[ControlPlane], settings: dg.ResourceParam[Settings]
) -> None:
    """Back the platform up, prove the backup, and drop old ones."""
    with working(context) as report:
        made = back_platform_up(control, settings, lambda: platform_backups_of(settings), progress=report)
        report(f"{made.id}: {made.size_bytes} bytes")


_OPS = {
    "artifact_expiry": expire_artifacts,
    "backup_mirror": mirror_verified_backups,
    "log_retention": expire_log_rows,
    "audit_anchor": anchor_entries,
    "image_removal": remove_unneeded_images,
    "janitor": remove_leftovers,
    "platform_backup": back_up_the_platform,
    "converge": converge_services,
}


def _job(maintenance: Maintenance) -> dg.JobDefinition:
    @dg.job(name=maintenance.name, description=maintenance.description)
    def job() -> None:
        _OPS[maintenance.name]()

    return job


MAINTENANCE_JOBS = tuple(_job(maintenance) for maintenance in MAINTENANCE.values())
