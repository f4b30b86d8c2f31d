"""Enrols runs that are born in Dagster: a click on Materialize, a re-execution, a backfill, a schedule.

Nothing happens off the record: such a run gets its row in ops.runs before it is queued.
"""

from __future__ import annotations

from dagster import DagsterRun
from dagster._core.run_coordinator.base import SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator

from odooops_dagster import tags
from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, OdooOpsError
from odooops_dagster.model import Fence, RunKind
from resources.control import control_plane
from resources.settings import platform_settings

PARTITION = "dagster/partition"
SCHEDULE = "dagster/schedule_name"
WORKER = "dagster"

# The header in which a proxy that authenticates people names them.
PERSON_HEADER = "X-Forwarded-User"


class OdooOpsRunCoordinator(QueuedRunCoordinator):
    """Dagster's queue, with a row in ops.runs for each run in it."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Queue the run; refuse one that ops.runs has no place for, with the reason."""
        run = context.dagster_run
        if is_from_queue(run):
            self._bind(run)
        else:
            self._enroll(run, requested_by(context))
        return super().submit_run(context)

    def _bind(self, run: DagsterRun) -> None:
        """Tell the row which Dagster run works on it; where that fails the run finds itself fenced at its start."""
        fence = tags.fence_of(run.tags)
        if fence is None:
            return
        try:
            control_plane().runs.renew(
                fence.run_id,
                attempt=fence.attempt,
                dagster_run_id=run.run_id,
                lease_seconds=platform_settings().lease_seconds,
            )
        except OdooOpsError as exc:
            self._logger.warning("run %s could not be bound to its row: %s", run.run_id, exc)

    def _enroll(self, run: DagsterRun, person: str | None) -> None:
        control = control_plane()
        fence = enroll(control, run, requested_by=person)
        # A re-execution carries its parent's tags; these replace them.
        self._instance.add_run_tags(run.run_id, tags_of_enrolled(control, fence))


def is_from_queue(run: DagsterRun) -> bool:
    """Return whether the run was asked for by the ops_queue sensor; a re-execution of such a run was not."""
    return tags.RUN_ID in run.tags and run.parent_run_id is None


def enroll(control: ControlPlane, run: DagsterRun, *, requested_by: str | None) -> Fence:
    """Insert the run's row and return its fence.

    Raises:
        BadInput: the run names no environment.
        Conflict: another run works on the environment.
    """
    partition_key = run.tags.get(PARTITION)
    if partition_key is None:
        raise BadInput(
            "this run names no environment", hint="choose one partition, <project>/<branch>, and launch it again"
        )
    return control.runs.enroll(
        run.run_id,
        partition_key=partition_key,
        kind=kind_of(run),
        requested_by=requested_by,
        worker_id=WORKER,
        config={"assets": sorted(asset_names(run))},
    )


def kind_of(run: DagsterRun) -> RunKind:
    """Return what the run amounts to: its job says so, or the last of the assets it makes."""
    named: dict[str, RunKind] = {"deploy": "deploy", "build": "build", "test": "test", "destroy": "destroy"}
    assets = asset_names(run)
    if not assets and run.job_name in named:
        return named[run.job_name]
    if "deployment" in assets:
        return "deploy"
    return "test" if "database" in assets else "build"


def asset_names(run: DagsterRun) -> set[str]:
    """Return the names of the assets that the run was asked to make; empty for all of its job."""
    return {key.path[-1] for key in run.asset_selection or ()}


def requested_by(context: SubmitRunContext) -> str | None:
    """Return who launched the run: the person a proxy names, or the schedule."""
    schedule = context.dagster_run.tags.get(SCHEDULE)
    return context.get_request_header(PERSON_HEADER) or (f"schedule {schedule}" if schedule else None)


def tags_of_enrolled(control: ControlPlane, fence: Fence) -> dict[str, str]:
    """Return the tags of the row just made."""
    return tags.tags_of(control.runs.get(fence.run_id)) | {tags.WORKER: fence.worker_id}
