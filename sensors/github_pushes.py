"""Pushes, learnt of by webhook or by asking: each becomes branch heads, environments and runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Project
from odooops_dagster.settings import Settings
from odooops_dagster.steps.poll import poll_project

# A repository that does not answer must not hold up the others.
ASKED_AT_ONCE = 8


@dg.sensor(minimum_interval_seconds=10, default_status=dg.DefaultSensorStatus.RUNNING)
def github_pushes(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Apply the deliveries that the gateway stored, then ask the repositories that are due."""
    applied = control.pushes.apply(limit=20)
    due = control.projects.to_poll(older_than_seconds=settings.poll_seconds)
    with ThreadPoolExecutor(max_workers=ASKED_AT_ONCE) as pool:
        queued = sum(pool.map(lambda project: ask(context, control, project), due))
    return dg.SkipReason(f"{len(applied)} deliveries applied, {len(due)} repositories asked, {queued} runs queued")


def ask(context: dg.SensorEvaluationContext, control: ControlPlane, project: Project) -> int:
    """Return how many runs the repository's new commits queued; say why where it could not be asked."""
    try:
        return len(poll_project(control, project))
    except OdooOpsError as exc:
        context.log.warning("%s: %s", project.slug, exc)
        return 0
