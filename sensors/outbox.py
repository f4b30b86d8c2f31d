"""Send what is told to forges and people."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.announced import rest_from_messages
from odooops_dagster.engine.processes import Process
from odooops_dagster.engine.waiting import WAIT_SECONDS, message_looks
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.outbox import claim_parcels, send_parcel

# A receiver that does not answer must not delay the others.
SENT_AT_ONCE = 8
# How long a look waits for answers; what comes later is recorded by who sent it, and read by a later look.
ANSWER_SECONDS = 1.0


class Sends:
    """Messages on their way; what sends them records how it went, also after the tick that claimed them."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=SENT_AT_ONCE, thread_name_prefix="outbox")
        self._answers: list[Future[str | None]] = []

    def begin(self, control: ControlPlane, settings: Settings) -> int:
        """Claim what is due while everything claimed before is sent, and return the number of new parcels."""
        if self._answers:
            return 0
        parcels = claim_parcels(control, settings, worker=str(Process.current()))
        self._answers = [self._pool.submit(send_parcel, control, settings, parcel) for parcel in parcels]
        return len(parcels)

    def end(self, *, wait_seconds: float) -> tuple[int, list[str]]:
        """Wait a moment, and return how many parcels arrived, and why others did not."""
        done, under_way = wait(self._answers, timeout=wait_seconds)
        self._answers = [answer for answer in self._answers if answer in under_way]
        failures = [failure for answer in done if (failure := _failure_of(answer)) is not None]
        return len(done) - len(failures), failures


_sends = Sends()


@dg.sensor(
    description="Tells forges and people what happened: commit statuses, deployments, notifications.",
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def outbox(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Send the messages that are due, for some seconds; a killed process's are due again when its claim ends."""
    begun = arrived = failed = 0
    for _ in message_looks.until(WAIT_SECONDS, home=settings.home, rest=rest_from_messages(control, settings)):
        new = _sends.begin(control, settings)
        came, failures = _sends.end(wait_seconds=ANSWER_SECONDS)
        for failure in failures:
            context.log.warning("not delivered: %s", failure)
        if new or came or failures:
            message_looks.note_work()
        begun, arrived, failed = begun + new, arrived + came, failed + len(failures)
    said = f"{begun} sent, {arrived} arrived, {failed} failed"
    return dg.SkipReason(said if begun or arrived or failed else "nothing is to be told")


def _failure_of(answer: Future[str | None]) -> str | None:
    error = answer.exception()
    return f"{type(error).__name__}: {error}" if error is not None else answer.result()
