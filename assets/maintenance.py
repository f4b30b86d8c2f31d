"""The maintenance jobs: work on what the platform itself keeps, with progress in the run's log.

Each can be canceled or killed between two objects; the next run continues.
"""

# No `from __future__ import annotations` here: Dagster reads the annotation of an op's context as a type.

from datetime import UTC, datetime

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.maintenance import working
from odooops_dagster.kinds import MAINTENANCE, Maintenance
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.converge import converge_all
from odooops_dagster.steps.recovery.rows_apply import remove_old_reviews
from odooops_dagster.steps.recovery.zips import remove_old_zips
from odooops_dagster.steps.upkeep.anchor import anchor_record
from odooops_dagster.steps.upkeep.expire import expire_rows, remove_artifacts
from odooops_dagster.steps.upkeep.janitor import collect
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.store import ObjectStore
from odooops_dagster.tools.store.anchors import AnchorFiles


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
def expire_log_rows(context: dg.OpExecutionContext, control: dg.ResourceParam[ControlPlane]) -> None:
    """Remove expired rows in batches, and create the partitions of future months; checkpoints' hashes are logged."""
    with working(context) as report:
        for name in control.retention.ensure_partitions():
            report(f"made {name}")
        if not expire_rows(control, progress=report):
            report("nothing is past its time")


@dg.op
def anchor_entries(
    context: dg.OpExecutionContext, control: dg.ResourceParam[ControlPlane], store: dg.ResourceParam[ObjectStore]
) -> None:
    """Anchor what was put on the record since the last anchor; the seals are logged."""
    with working(context) as report:
        anchor_record(control, AnchorFiles(store, control.plane.get().id), progress=report)


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


_OPS = {
    "artifact_expiry": expire_artifacts,
    "log_retention": expire_log_rows,
    "audit_anchor": anchor_entries,
    "janitor": remove_leftovers,
    "converge": converge_services,
}


def _job(maintenance: Maintenance) -> dg.JobDefinition:
    @dg.job(name=maintenance.name, description=maintenance.description)
    def job() -> None:
        _OPS[maintenance.name]()

    return job


MAINTENANCE_JOBS = tuple(_job(maintenance) for maintenance in MAINTENANCE.values())
