"""Pushes, learnt of by webhook or by asking: each becomes branch heads, environments and runs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import dagster as dg

from odooops_dagster import git
from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Project
from odooops_dagster.settings import Settings

# A repository that does not answer must not hold up the others.
ASKED_AT_ONCE = 4


@dg.sensor(minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def github_pushes(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Apply the deliveries that the gateway stored, then ask the repositories that are due."""
    applied = control.pushes.apply(limit=20)
    due = control.projects.to_poll(older_than_seconds=settings.poll_seconds)
    queued = sum(len(runs) for runs in ask(context, control, due))
    return dg.SkipReason(f"{len(applied)} deliveries applied, {len(due)} repositories asked, {queued} runs queued")


def ask(context: dg.SensorEvaluationContext, control: ControlPlane, projects: list[Project]) -> Iterator[list[object]]:
    """Record the branch heads of each project's repository and yield the runs that its new commits queued."""
    with ThreadPoolExecutor(max_workers=ASKED_AT_ONCE) as pool:
        for project, answer in zip(projects, pool.map(heads, projects), strict=True):
            if isinstance(answer, OdooOpsError):
                context.log.warning("%s: %s", project.slug, answer)
            elif answer:
                yield list(control.pushes.record_heads(project.id, heads=answer))
            else:
                # Told as "every branch was deleted" it would destroy every preview.
                context.log.warning("%s: the repository shows no branch; nothing is concluded from that", project.slug)


def heads(project: Project) -> dict[str, str] | OdooOpsError:
    """Return the repository's branches, or why they cannot be had."""
    try:
        return git.ls_remote(project.repo_url)
    except OdooOpsError as exc:
        return exc
