"""Turn pushes, from webhooks or polls, into branch heads, environments and runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Project
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.poll import poll_project

# A repository that does not answer must not delay the others.
ASKED_AT_ONCE = 8
# Dagster evaluates sensors every 5 s; a tick that waits this long still ends before the next evaluation.
WAIT_SECONDS = 4.0
# How often a waiting tick looks for due work; each look costs two queries of a millisecond.
LOOK_EVERY_SECONDS = 0.5


@dg.sensor(minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def github_pushes(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Apply the deliveries that the gateway stored and poll the repositories that are due, for a few seconds."""
    deadline = time.monotonic() + WAIT_SECONDS
    applied = asked = queued = 0
    while True:
        applied += len(control.pushes.apply(limit=20))
        due = control.projects.to_poll(older_than_seconds=settings.poll_seconds)
        asked += len(due)
        queued += ask_all(context, control, due)
        if time.monotonic() >= deadline:
            return dg.SkipReason(f"{applied} deliveries applied, {asked} times asked, {queued} runs queued")
        time.sleep(LOOK_EVERY_SECONDS)


def ask_all(context: dg.SensorEvaluationContext, control: ControlPlane, due: Sequence[Project]) -> int:
    """Poll the repositories in parallel and return how many runs their new commits queued."""
    if not due:
        return 0
    with ThreadPoolExecutor(max_workers=ASKED_AT_ONCE) as pool:
        return sum(pool.map(lambda project: ask(context, control, project), due))


def ask(context: dg.SensorEvaluationContext, control: ControlPlane, project: Project) -> int:
    """Poll the repository and return how many runs its new commits queued; log a failed poll."""
    try:
        return len(poll_project(control, project))
    except OdooOpsError as exc:
        context.log.warning("%s: %s", project.slug, exc)
        return 0
