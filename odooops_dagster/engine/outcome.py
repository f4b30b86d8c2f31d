"""Decide how a run ended, from what its process saw and what Dagster recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.heartbeat import StopReason
from odooops_dagster.errors import BadInput, NotFound, SanitizationFailed, StepFailed
from odooops_dagster.kinds import KINDS
from odooops_dagster.model import Fault, Fence, RunKind

_CANCELED_EXIT_CODE = 130  # a shell's exit status for a program that Ctrl-C ended
_LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of a run; `unknown` leaves the decision to the reconciler, which reads Dagster's status of the run."""

    kind: Literal["succeeded", "failed", "canceled", "given_back", "unknown"]
    reason: str | None = None
    fault: Fault = "platform"  # of a failure

    def write(self, control: ControlPlane, fence: Fence) -> None:
        """Write the end to the run's row."""
        match self.kind:
            case "succeeded":
                control.runs.complete(fence, exit_code=0)
            case "failed":
                control.runs.complete(fence, exit_code=1, error_message=self.reason, fault=self.fault)
            case "canceled":
                control.runs.complete(fence, exit_code=_CANCELED_EXIT_CODE, canceled=True)
            case "given_back":
                control.runs.requeue(fence.run_id, attempt=fence.attempt, reason=str(self.reason))
            case "unknown":
                return


def outcome_of(
    failure: str | None,
    stopped: StopReason | None,
    instance: dg.DagsterInstance,
    run_id: str,
    interrupted: bool,
    *,
    fault: Fault = "platform",
) -> Outcome:
    """Return how the run ended; `fault` is the side at fault, if the step named one."""
    if stopped == "fenced":
        return Outcome(kind="unknown")
    if interrupted:
        if stopped == "canceled" or _is_canceling(instance, run_id):
            return Outcome(kind="canceled")
        return Outcome(kind="given_back", reason="the platform stopped while the run worked")
    reason = failure or _failed_step(instance, run_id)
    if reason is not None:
        return Outcome(kind="failed", reason=reason, fault=fault if failure else "platform")
    return Outcome(kind="succeeded" if not _missing_steps(instance, run_id) else "unknown")


def one_line(error: BaseException) -> str:
    """Return the error as one line for people."""
    text = str(error.description) if isinstance(error, dg.Failure) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _cut(lines[0] if lines else type(error).__name__)


def fault_of(error: BaseException, kind: RunKind) -> Fault:
    """Return the side at fault in a step's error: `project` for a refused commit, else `platform`.

    A run that tries no commit fails by the platform's fault, and so does every error that no step foresaw.
    """
    is_refused = isinstance(error, dg.Failure | StepFailed | BadInput | NotFound) and not isinstance(
        error, SanitizationFailed
    )
    return "project" if is_refused and KINDS[kind].tries_code else "platform"


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"


def why_failed(instance: dg.DagsterInstance, run_id: str) -> str:
    """Return in one line why a run failed whose process could not report it."""
    return (
        _failed_step(instance, run_id)
        or _failed_start(instance, run_id)
        or _last_word(instance, run_id)
        or "the run ended without a word"
    )


def _failed_start(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """Return why a run failed before its first step, for example because it could not start its row."""
    for kind in (dg.DagsterEventType.RESOURCE_INIT_FAILURE, dg.DagsterEventType.RUN_FAILURE):
        for entry in instance.all_logs(run_id, of_type=kind):
            data = entry.dagster_event.event_specific_data if entry.dagster_event else None
            error = getattr(data, "error", None)
            if error is not None:
                return _cut(_without_class((error.cause or error).message))
    return None


def _without_class(message: str) -> str:
    """Return the first line of the error, without the name of its class."""
    first = next(iter(message.strip().splitlines()), "")
    return re.sub(r"^(\w+\.)+\w+: ", "", first)


def _last_word(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """Return the last engine event of the run, such as the signal that killed its process."""
    events = [entry.dagster_event for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)]
    messages = [event.message.strip() for event in events if event is not None and event.message]
    return _cut(messages[-1].removeprefix("[DagsterApiServer] ").splitlines()[0]) if messages else None


def _is_canceling(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and run.status in {dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED}


def _failed_step(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """Return why a step failed outside its own code, for example because its input was never made."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        if entry.dagster_event is not None:
            return _cut(f"{entry.step_key}: {_reason(entry.dagster_event)}")
    return None


def _reason(event: dg.DagsterEvent) -> str:
    """Return the first line of the step's original error, which Dagster wraps in its own."""
    failure = event.step_failure_data
    described = failure.user_failure_data.description if failure.user_failure_data else None
    error = failure.error.cause or failure.error if failure.error else None
    text = described or (error.message if error else "")
    return next(iter(text.strip().splitlines()), "failed without a word")


def _missing_steps(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    """Return the planned steps that did not succeed."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.execution_plan_snapshot_id is None:
        return set()
    plan = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
    done = {entry.step_key for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)}
    return set(plan.step_keys_to_execute) - {str(key) for key in done}
