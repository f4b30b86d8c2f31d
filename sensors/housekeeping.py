"""Start the jobs that restart services and remove leftovers; they do the work, not the tick."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.maintenance import MAINTENANCE_JOBS
from assets.partitions import environments
from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.maintenance import request_if_due
from odooops_dagster.engine.overview import report_running
from odooops_dagster.engine.processes import Process
from odooops_dagster.engine.switches import watch_switches
from odooops_dagster.engine.waiting import end_ticks
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.local.programs import ui_url
from odooops_dagster.model import Environment, ServiceStatus
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.converge import to_converge
from odooops_dagster.steps.environment.exits import rule_exits
from odooops_dagster.steps.upkeep.outlets import collect_caught
from odooops_dagster.tools import outlet_line
from odooops_dagster.tools.front import openings
from odooops_dagster.tools.runtime import Runtime

# A tick may take two seconds; a runtime that is slower than this is left to the job.
LOOK_SECONDS = 1.0
# A service that does not stay up is tried again after this time.
AGAIN_AFTER = timedelta(minutes=5)
# All services are compared with their rows as often: their definitions follow the settings.
COMPARED_EVERY = timedelta(hours=1)


@dg.sensor(
    description="Starts the maintenance jobs that are due, and the promotions and rollbacks that policies make.",
    jobs=MAINTENANCE_JOBS,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def housekeeping(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    runtime: dg.ResourceParam[Runtime],
    settings: dg.ResourceParam[Settings],
) -> dg.SensorResult:
    """Request the jobs that are due, close deployments of ended runs, promote and roll back what policy does by itself.

    People's forgotten transactions are ended, because they hold up the work of others. What the catcher heard and the
    proxy let out goes on the record; the proxy is told the rules that hold, and the catcher whom it hears.
    """
    # First, whatever else goes wrong in this tick: a production that became a preview must not stay open.
    known, recorded = partitions_of(context.instance), control.environments.list()
    openings.tell_of(settings.home, recorded)
    end_ticks(watch_switches(context.instance, control))
    ended = control.clocks.end_forgotten_transactions()
    ruled = rule_exits(control, settings)
    outlet_line.tell(settings.home)
    caught = collect_caught(control, settings)
    closed = control.deployments.close_unfinished()
    undecided = control.deployments.roll_back_undecided()
    promoted = control.deployments.promote_due()
    statuses = statuses_of(runtime)
    if closed or undecided or promoted:  # else once: with ten thousand of them it takes half a second
        recorded = control.environments.list()
    look = Look(process=str(Process.current()), differences=differences(control, statuses, recorded))
    partitions = partitions_to_change(known, recorded)
    report_running(context.instance, recorded, ui=ui_url(settings))
    answers = jobs_due(context, control, look)
    requests = [answer for answer in answers if isinstance(answer, dg.RunRequest)]
    said = [str(answer.skip_message) for answer in answers if isinstance(answer, dg.SkipReason)]
    said += [f"recorded {caught} files of what environments tried to reach, and of their mails"] if caught else []
    said += [f"told the proxy what {ruled} environments may reach"] if ruled else []
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
        dynamic_partitions_requests=partitions,
        skip_reason=None if requests else "; ".join(said) or "nothing is due",
        cursor=context.cursor if is_pending else str(look),
    )


def partitions_of(instance: dg.DagsterInstance) -> frozenset[str]:
    """Return the partitions of the environments that Dagster has; ask before the record, which is never behind."""
    return frozenset(instance.get_dynamic_partitions(str(environments.name)))


def partitions_to_change(
    known: frozenset[str], recorded: Sequence[Environment]
) -> list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest]:
    """Return the changes after which Dagster has the partitions of the environments that lists show, and no others.

    A run that is about to start adds its own; an environment that was never deployed has none yet.
    """
    listed = {each.partition_key: each for each in recorded if each.is_listed}
    has_work = {key for key, each in listed.items() if each.database_name is not None or each.is_adopted}
    gone, missing = sorted(known - set(listed)), sorted(has_work - known)
    deletion = [environments.build_delete_request(gone)] if gone else []
    addition = [environments.build_add_request(missing)] if missing else []
    return [*deletion, *addition]


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


def statuses_of(runtime: Runtime) -> list[ServiceStatus] | None:
    """Return the states of the services, or None if the runtime is too slow to say."""
    statuses: list[list[ServiceStatus]] = []

    def look() -> None:
        with suppress(OdooOpsError, OSError):
            statuses.append(runtime.status())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(LOOK_SECONDS)
    return statuses[0] if statuses else None


def differences(
    control: ControlPlane, statuses: Sequence[ServiceStatus] | None, recorded: Sequence[Environment]
) -> str:
    """Return the environments whose service is not as their row says, or that the runtime is too slow to say."""
    if statuses is None:
        return "the runtime does not answer in time"
    return " ".join(to_converge(control, statuses, recorded))
