"""Starts runs as forks of a program that has imported the definitions; without it, as Dagster does."""

from __future__ import annotations

import logging
from contextlib import suppress

from dagster import DagsterRun, DefaultRunLauncher

from odooops_dagster.engine import tags
from odooops_dagster.engine.fork_client import ForkRequest, Refused, ask_for_process
from odooops_dagster.engine.forked_run import INTERRUPT
from odooops_dagster.engine.lost import GONE, is_expired
from odooops_dagster.engine.private import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from odooops_dagster.engine.processes import Process
from odooops_dagster.errors import Fenced
from odooops_dagster.home import fork_socket
from odooops_dagster.model import FINISHED
from odooops_dagster.platform import this_platform

_log = logging.getLogger(__name__)


class ForkRunLauncher(DefaultRunLauncher):
    """Ask the forking program first, then Dagster's own launcher; a tag names the process that works on the run."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Have a process forked for the run; where that is refused, let the code server start one."""
        run = context.dagster_run
        try:
            ask_for_process(fork_socket(this_platform().settings.home), request_of(run))
        except Refused as exc:
            message = f"The code server starts the run: {exc}"
            _log.warning("run %s: %s", run.run_id, message)
            self._instance.report_engine_event(message, run)
            super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run, and return whether its process was there to be interrupted."""
        run = self._instance.get_run_by_id(run_id)
        process = forked_process(run) if run is not None else None
        if run is None or process is None:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call] # Dagster's own has no types
        if run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        return process.send(INTERRUPT)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether Dagster asks for the health of runs at work."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Return whether the run's process lives; Dagster fails a run that has none."""
        process = forked_process(run)
        if process is None or not process.is_gone():
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if not may_fail(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"{GONE}, and its lease is not over")
        return CheckRunHealthResult(WorkerStatus.FAILED, GONE)


def request_of(run: DagsterRun) -> ForkRequest:
    """Return the request for the run's process; raise Refused if no module defines the run's job."""
    pointer = run.job_code_origin.repository_origin.code_pointer if run.job_code_origin is not None else None
    module, attribute = getattr(pointer, "module", None), getattr(pointer, "fn_name", None)
    if module is None or attribute is None:
        raise Refused("its job is not defined by a module")
    return ForkRequest(run_id=run.run_id, module=module, attribute=attribute)


def forked_process(run: DagsterRun) -> Process | None:
    """Return the forked process that works on the run; None if another kind of process does, or none yet."""
    run_id, _, process = (tags.told(run.tags, tags.FORKED) or "").partition("@")
    return Process.parse(process) if run_id == run.run_id else None


def may_fail(run: DagsterRun) -> bool:
    """Return whether Dagster may fail a run whose process is gone; give its row back first.

    The row of a failed Dagster run fails with it, and then no attempt follows. Until the lease is over, the program
    that forked the process may report that it was killed.
    """
    fence = tags.fence_of(run.tags)
    if fence is None:
        return True
    runs = this_platform().control.runs
    row = runs.get(fence.run_id)
    if row.attempt != fence.attempt or row.status in FINISHED:
        return True
    if not is_expired(row):
        return False
    with suppress(Fenced):  # the reconciler was first
        runs.requeue(row.id, attempt=row.attempt, reason=GONE)
    return True
