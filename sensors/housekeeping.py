"""Start the jobs that restart services and remove leftovers; they do the work, not the tick."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.maintenance import MAINTENANCE_JOBS
from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.maintenance import request_if_due
from odooops_dagster.engine.processes import Process
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import ServiceStatus
from odooops_dagster.steps.environment.converge import to_converge
from odooops_dagster.tools.runtime import Runtime

# A tick may take two seconds; a runtime that is slower than this is left to the job.
LOOK_SECONDS = 1.0
# A service that does not stay up is tried again after this time.
AGAIN_AFTER = timedelta(minutes=5)
# All services are compared with their rows as often: their definitions follow the settings.
COMPARED_EVERY = timedelta(hours=1)


@dg.sensor(jobs=MAINTENANCE_JOBS, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def housekeeping(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    runtime: dg.ResourceParam[Runtime],
) -> dg.SensorResult:
    """Request the jobs that are due, close deployments of ended runs, promote and roll back what policy does by itself.

    People's forgotten transactions are ended, because they hold up the work of others.
    """
    ended = control.clocks.end_forgotten_transactions()
    closed = control.deployments.close_unfinished()
    undecided = control.deployments.roll_back_undecided()
    promoted = control.deployments.promote_due()
    look = Look(process=str(Process.current()), differences=differences(control, runtime))
    answers = jobs_due(context, control, look)
    requests = [answer for answer in answers if isinstance(answer, dg.RunRequest)]
    said = [str(answer.skip_message) for answer in answers if isinstance(answer, dg.SkipReason)]
    said += [f"closed {closed} deployments of ended runs"] if closed else []
    said += [f"ended the transaction of {one.login} that began at {one.began_at:%H:%M:%S} UTC" for one in ended]
    said += [f"rolled back {len(undecided)} deployments about which nobody decided"] if undecided else []
    said += [f"promoted {len(promoted)} builds"] if promoted else []
    said += [f"ALARM: {alarm.title}" for alarm in control.incidents.alarms()]
    for line in said if requests else []:
        context.log.info(line)
    is_pending = look.is_news(context.cursor) and not any(request.job_name == "converge" for request in requests)
    return dg.SensorResult(
        run_requests=requests or None,
        skip_reason=None if requests else "; ".join(said) or "nothing is due",
        cursor=context.cursor if is_pending else str(look),
    )


@dataclass(frozen=True, kw_only=True)
class Look:
    """The services that are not as their rows say, as this process of the code server saw them; kept as the cursor."""

    process: str
    differences: str

    def is_news(self, cursor: str | None) -> bool:
        """Return whether the platform was started since the look in the cursor, or other services differ."""
        process, _, differences = (cursor or "").partition(" ")
        return process != self.process or (self.differences not in ("", differences))

    def __str__(self) -> str:
        return f"{self.process} {self.differences}"


def jobs_due(
    context: dg.SensorEvaluationContext, control: ControlPlane, look: Look
) -> Sequence[dg.RunRequest | dg.SkipReason]:
    """Return the requests for the jobs that are due, and the reasons why the others are not."""
    now = datetime.now(UTC)

    def is_to_converge(last_at: datetime | None) -> bool:
        wait = AGAIN_AFTER if look.differences else COMPARED_EVERY
        return look.is_news(context.cursor) or last_at is None or now - last_at > wait

    return [
        request_if_due(context.instance, "converge", is_to_converge),
        request_if_due(context.instance, "janitor", lambda last: control.clocks.janitor_is_due(now, last_at=last)),
    ]


def differences(control: ControlPlane, runtime: Runtime) -> str:
    """Return the environments whose service is not as their row says, or that the runtime is too slow to say."""
    statuses: list[list[ServiceStatus]] = []

    def look() -> None:
        with suppress(OdooOpsError, OSError):
            statuses.append(runtime.status())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(LOOK_SECONDS)
    return " ".join(to_converge(control, statuses[0]) if statuses else ["the runtime does not answer in time"])
