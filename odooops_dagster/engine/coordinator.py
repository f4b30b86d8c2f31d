"""Enrol runs that start in Dagster: a click on Materialize, a re-execution, a backfill, a schedule.

Every run is recorded: such a run gets its row in ops.runs before it is queued. Only the maintenance jobs have no row.
"""

from __future__ import annotations

from contextlib import suppress

from dagster import DagsterError, DagsterRun, DagsterRunStatus, QueuedRunCoordinator, SubmitRunContext

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine import maintenance, tags
from odooops_dagster.engine.outcome import one_line
from odooops_dagster.errors import BadInput, Fenced, OdooOpsError
from odooops_dagster.kinds import KINDS, MAINTENANCE, kind_of
from odooops_dagster.local.logins import PERSON_HEADER
from odooops_dagster.model import Fence
from odooops_dagster.platform import this_platform

PARTITION = "dagster/partition"
SCHEDULE = "dagster/schedule_name"
WORKER = "dagster"


class OdooOpsRunCoordinator(QueuedRunCoordinator):
    """Dagster's queue for runs that start in Dagster; runs from ops.runs have waited there and start at once."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Start or queue the run; refuse one that ops.runs does not accept, with the reason."""
        if context.dagster_run.job_name in MAINTENANCE:
            return self._maintain(context)
        fence = fence_from_queue(context.dagster_run)
        if fence is not None:
            return self._start(context, fence)
        self._enroll(context.dagster_run, requested_by(context))
        return super().submit_run(context)

    def _maintain(self, context: SubmitRunContext) -> DagsterRun:
        """Start the maintenance run at once, or cancel it if an older run of its job is unfinished.

        It takes no place in Dagster's queue: neither does it wait for pushes, nor do pushes wait for it.
        """
        run = context.dagster_run
        first = maintenance.unfinished(self._instance, run.job_name)[:1]
        if first and first[0].dagster_run.run_id != run.run_id:
            message = f"{run.job_name}: run {first[0].dagster_run.run_id} is not finished"
            self._instance.report_run_canceled(run, message=message)
        elif run.status == DagsterRunStatus.NOT_STARTED:
            self._instance.launch_run(run.run_id, context.workspace)
        return self._instance.get_run_by_id(run.run_id) or run

    def _start(self, context: SubmitRunContext, fence: Fence) -> DagsterRun:
        """Start a claimed run: there is room for it, and Dagster's queue would only delay it by a second."""
        run = context.dagster_run
        if run.status == DagsterRunStatus.NOT_STARTED and self._bind(run, fence):
            try:
                self._instance.launch_run(run.run_id, context.workspace)
            except DagsterError as exc:
                # No process started: Dagster has ended its run, and a process that starts late finds it ended. The row
                # waits a while, so that the code server can recover, and no attempt is spent.
                reason = f"Dagster could not start it: {one_line(exc)}"
                with suppress(Fenced):  # the reconciler saw the end of Dagster's run first and requeued the row
                    this_platform().control.runs.requeue(fence.run_id, attempt=fence.attempt, reason=reason)
                raise
        return self._instance.get_run_by_id(run.run_id) or run

    def _bind(self, run: DagsterRun, fence: Fence) -> bool:
        """Write the Dagster run's id into the row and return true; end a Dagster run whose attempt is already over."""
        try:
            this_platform().control.runs.renew(
                fence.run_id,
                attempt=fence.attempt,
                dagster_run_id=run.run_id,
                lease_seconds=this_platform().settings.lease_seconds,
            )
        except Fenced as exc:
            self._instance.report_run_failed(run, message=f"fenced: {exc}")
            return False
        return True

    def _enroll(self, run: DagsterRun, person: str | None) -> None:
        control = this_platform().control
        try:
            fence = enroll(control, run, requested_by=person)
        except OdooOpsError as exc:
            # Dagster shows only the message.
            raise type(exc)(f"{exc}\n{exc.hint}" if exc.hint else str(exc), hint=exc.hint) from exc
        # A re-execution carries its parent's tags; these replace them.
        self._instance.add_run_tags(run.run_id, tags_of_enrolled(control, fence))


def fence_from_queue(run: DagsterRun) -> Fence | None:
    """Return the fence of a run that the ops_queue sensor requested; None for others, re-executions included."""
    return tags.fence_of(run.tags) if run.parent_run_id is None else None


def enroll(control: ControlPlane, run: DagsterRun, *, requested_by: str | None) -> Fence:
    """Insert the run's row and return its fence.

    Raises:
        BadInput: the run names no environment, its job has none, or its assets belong to runs of different kinds.
        Conflict: another run works on the environment, or this run would harm it.
    """
    partition_key = run.tags.get(PARTITION)
    if any(kind.job == run.job_name and not kind.has_partitions for kind in KINDS.values()):
        raise BadInput(
            f"a {run.job_name} run starts from the queue alone",
            hint="ops backup verify, ops backup retention or ops backup records diff",
        )
    if partition_key is None:
        raise BadInput(
            "this run names no environment", hint="choose one partition, <project>/<branch>, and launch it again"
        )
    return control.runs.enroll(
        run.run_id,
        partition_key=partition_key,
        kind=kind_of(run.job_name, asset_names(run)),
        requested_by=requested_by,
        worker_id=WORKER,
        config={"assets": sorted(asset_names(run))} | confirmation(run),
    )


def confirmation(run: DagsterRun) -> dict[str, str]:
    """Return the confirmation in the run's tags; a re-execution only inherits its tags and confirms nothing."""
    is_meant = tags.CONFIRM in run.tags and run.parent_run_id is None
    return {"confirm": run.tags[tags.CONFIRM]} if is_meant else {}


def asset_names(run: DagsterRun) -> set[str]:
    """Return the names of the assets that the run has to make; empty means all of its job."""
    return {key.path[-1] for key in run.asset_selection or ()}


def requested_by(context: SubmitRunContext) -> str | None:
    """Return the requester of the run: the person who is logged in, or the schedule."""
    schedule = context.dagster_run.tags.get(SCHEDULE)
    return context.get_request_header(PERSON_HEADER) or (f"schedule {schedule}" if schedule else None)


def tags_of_enrolled(control: ControlPlane, fence: Fence) -> dict[str, str]:
    """Return the tags of the row that was just inserted."""
    return tags.tags_of(control.runs.get(fence.run_id)) | {tags.WORKER: fence.worker_id}
