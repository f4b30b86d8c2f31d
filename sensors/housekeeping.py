"""Restart services that should run, and remove things that should be gone."""

from __future__ import annotations

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.converge import converge_all
from odooops_dagster.steps.upkeep.janitor import collect
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def housekeeping(
    control: dg.ResourceParam[ControlPlane],
    runtime: dg.ResourceParam[Runtime],
    databases: dg.ResourceParam[OdooDatabases],
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Restart dead previews, clean up after ended runs, and create the partitions of the coming months."""
    mended = converge_all(control, runtime, databases, settings)
    removed = collect(control, runtime, databases, settings)
    made = control.retention.ensure_partitions()
    closed = control.deployments.close_unfinished()
    done = [*mended, *(f"removed {what}" for what in removed), *(f"made {name}" for name in made)]
    if closed:
        done.append(f"closed {closed} deployments of ended runs")
    done += [f"ALARM: {alarm.title}" for alarm in control.incidents.alarms()]
    return dg.SkipReason("; ".join(done) or "all in order")
