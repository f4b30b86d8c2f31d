"""Tell a collector of traces how runs went, from the record: what is told after a kill or twice is the same trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from pydantic import TypeAdapter

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.console import Step
from odooops_dagster.control.database import Rows
from odooops_dagster.model import Run
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.notify import run_url
from odooops_dagster.tools.traces.collector import send_traces
from odooops_dagster.tools.traces.trace import Part, Result, Trace

# A run's transaction may end this much later than its id says; later ones are missed.
_LATE = timedelta(minutes=1)
# Where the sensor begins: with what is at work then, but not with the whole history.
_BEFORE = timedelta(hours=1)
_AT_ONCE = 200
_LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class Place:
    """How far the record is told: up to `since`, but for runs that are `open`; and those after it that are `told`."""

    since: datetime
    open: tuple[UUID, ...] = ()
    told: tuple[UUID, ...] = ()

    @classmethod
    def read(cls, text: str | None, *, now: datetime) -> Self:
        """Return the place that `written` wrote; without one, the runs of the last hour are to be told."""
        return TypeAdapter(cls).validate_json(text) if text else cls(since=now - _BEFORE)

    def written(self) -> str:
        """Return the place as text."""
        return TypeAdapter(dict).dump_json(asdict(self)).decode()


def tell_traces(
    control: ControlPlane, settings: Settings, place: Place, *, now: datetime
) -> tuple[Place, int, str | None]:
    """Tell the collector of the runs that have ended since.

    Returns the place after them, how many there were, and what the collector refused.

    What the collector refuses is not told again: it would refuse it for ever, and all that ends later with it.

    Raises:
        Undelivered: the collector cannot take them now; the next try begins at the same place.
    """
    rows = control.runs.since(_first_id(place.since), with_open=place.open, limit=_AT_ONCE)
    ended = [row["id"] for row in rows if row["is_ended"]]
    traces = [trace_of(control, settings, run_id) for run_id in ended if run_id not in place.told]
    refused = None
    if traces:
        refused = send_traces(settings.otlp_endpoint, traces, headers=settings.collector_headers)
    since = max(place.since, _since(rows, place, now=now))
    later = {row["id"] for row in rows if row["created_at"] >= since}
    following = Place(
        since=since,
        open=tuple(row["id"] for row in rows if not row["is_ended"]),
        told=tuple(run_id for run_id in ended if run_id in later),
    )
    return following, len(traces), refused


def _since(rows: Rows, place: Place, *, now: datetime) -> datetime:
    """Return up to when every run is known: a minute ago, or the last of as many as were asked for."""
    later = [row for row in rows if row["id"] > _first_id(place.since)]
    if len(later) < _AT_ONCE:
        return now - _LATE
    last: datetime = later[-1]["created_at"]
    return min(now - _LATE, last)


def _first_id(moment: datetime) -> UUID:
    """Return what precedes every id that was made from the moment on: 48 bits of milliseconds (RFC 9562, 5.7)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def trace_of(control: ControlPlane, settings: Settings, run_id: UUID) -> Trace:
    """Return the trace of an ended run."""
    run = control.runs.get(run_id)
    assert run.finished_at is not None  # noqa: S101 - it has ended
    result = _result(run)
    page = run_url(settings, run.dagster_run_id)
    attributes = {
        "cicd.pipeline.name": run.kind,
        "cicd.pipeline.run.id": run.name,
        "cicd.pipeline.run.url.full": page,
        "vcs.repository.name": run.project_slug,
        "vcs.ref.head.name": run.git_ref,
        "vcs.ref.head.revision": run.git_sha,
        "odooops.environment": run.partition_key,
    }
    return Trace(
        run_id=run.id,
        kind=run.kind,
        attributes={name: value for name, value in attributes.items() if value},
        start=run.created_at,
        end=run.finished_at,
        result=result,
        reason=run.error_message[:_LONGEST_REASON] if run.error_message else None,
        parts=list(_parts(run, control.console.steps(run.id), result)),
    )


def _parts(run: Run, steps: Sequence[Step], result: Result) -> Iterator[Part]:
    """Yield how long the run waited, its steps, and what it was at when it did not succeed."""
    ended = run.finished_at or run.created_at
    if run.started_at is None:
        yield Part(name="queue", start=run.created_at, end=ended, result=result)
        return
    yield Part(name="queue", start=run.created_at, end=run.started_at)
    start = run.started_at
    for step in steps:
        yield Part(name=step.step, start=start, end=step.finished_at)
        start = step.finished_at
    if result != "success":
        yield Part(name="unfinished step", start=start, end=ended, result=result)


def _result(run: Run) -> Result:
    if run.status == "succeeded":
        return "success"
    if run.status == "canceled":
        return "cancellation"
    return "failure" if run.fault == "project" else "error"
