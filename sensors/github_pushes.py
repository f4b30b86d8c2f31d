"""Turn pushes, from webhooks or polls, into branch heads, environments and runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from uuid import UUID

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.announced import rest_from_pushes
from odooops_dagster.engine.waiting import WAIT_SECONDS, push_looks, queue_looks
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.home import deploy_key
from odooops_dagster.model import Project
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.poll import poll_project

# A repository that does not answer must not delay the others.
ASKED_AT_ONCE = 8
# How long a look waits for the answers; what comes later is read by a later look.
ANSWER_SECONDS = 1.0


class Polls:
    """Polls of repositories at work: one of each repository at a time, also from one tick to the next."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=ASKED_AT_ONCE)
        self._answers: dict[UUID, tuple[Project, Future[list[UUID]]]] = {}

    def begin(self, control: ControlPlane, due: Sequence[Project], *, home: Path) -> int:
        """Start a poll of each repository that has none at work, and return the number of new polls."""
        new = [project for project in due if project.id not in self._answers]
        for project in new:
            key = deploy_key(home, project.slug)
            self._answers[project.id] = (project, self._pool.submit(poll_project, control, project, key=key))
        return len(new)

    def end(self, context: dg.SensorEvaluationContext, *, wait_seconds: float) -> int:
        """Wait a moment for ended polls, and return how many runs they queued; log a failed one."""
        done, _ = wait([answer for _, answer in self._answers.values()], timeout=wait_seconds)
        ended = [(project, answer) for project, answer in self._answers.values() if answer in done]
        for project, _ in ended:
            del self._answers[project.id]
        return sum(_queued(context, project, answer) for project, answer in ended)


_polls = Polls()
# By which part of its interval a repository may be polled late; a delivery is answered at once.
_LATE = 0.1


@dg.sensor(
    description="Looks for pushes in the repositories that are due, or that a webhook named.",
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def github_pushes(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Poll the repositories that are due, or that a stored delivery names, for some seconds.

    A delivery decides nothing: what runs is what the repository answers. A repository that answers late is asked once
    and read by a later tick; this tick ends in time.
    """
    applied = asked = queued = 0
    next_question = 0.0
    for _ in push_looks.until(WAIT_SECONDS, home=settings.home, rest=rest_from_pushes(control, settings)):
        noted = len(control.pushes.apply(limit=20))
        if noted or time.monotonic() >= next_question:
            next_question = time.monotonic() + settings.poll_seconds * _LATE
            due = control.projects.to_poll(older_than_seconds=settings.poll_seconds)
            asked += _polls.begin(control, due, home=settings.home)
        found = _polls.end(context, wait_seconds=ANSWER_SECONDS)
        if noted or found:
            push_looks.note_work()
            queue_looks.note_work(is_new=True)
        applied, queued = applied + noted, queued + found
    return dg.SkipReason(f"{applied} deliveries noted, {asked} times asked, {queued} runs queued")


def _queued(context: dg.SensorEvaluationContext, project: Project, answer: Future[list[UUID]]) -> int:
    try:
        return len(answer.result())
    except OdooOpsError as exc:
        context.log.warning("%s: %s", project.slug, exc)
        return 0
