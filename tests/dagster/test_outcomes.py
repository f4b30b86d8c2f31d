"""Ends and cancels that come from Dagster's side."""

from __future__ import annotations

from dataclasses import replace

import dagster as dg
import pytest

from odooops_dagster.engine import tags
from odooops_dagster.engine.outcome import fault_of
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import Run, RunKind
from odooops_dagster.settings import Settings
from resources.run_scope import RunScopeResource
from schedules.environment_expiry import environment_expiry
from sensors.cancellations import cancellations
from sensors.reconciler import reconciler
from tests.dagster.world import World


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensors.cancellations.WAIT_SECONDS", 0.0)


def test_a_run_whose_environment_is_not_there_says_so_in_its_row(world: World) -> None:
    """Whoever started it: the row ends at once, with what is missing and not with a process that exited."""
    run_id = world.control.runs.queue(world.project.id, env=None, git_sha=None, ref=None, kind="build")
    run = replace(world.claim(), partition_key="shop/nowhere")
    assert not world.materialize(run).success
    row = world.control.runs.get(run_id)
    assert (row.status, row.error_message) == ("failed", "run #1 works on no environment and on no backup")


def test_a_run_that_fails_before_its_first_step_waits_with_the_reason(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's own process could not write it: what Dagster saw is the reason, and no attempt of the row is spent."""
    world.queue()
    run = world.claim()

    def broken(*_: object) -> None:
        raise OSError("no space left on the disk\nand more")

    monkeypatch.setattr(RunScopeResource, "_step_context", broken)
    result = world.materialize(run)
    dagster_run = world.instance.get_run_by_id(result.run_id)
    assert dagster_run is not None
    world.control.runs.renew(run.id, attempt=1, dagster_run_id=dagster_run.run_id, lease_seconds=60)
    reconciler(dg.build_sensor_context(instance=world.instance), control=world.control, settings=Settings())
    assert world.row(run).status == "queued"
    [waiting] = world.control.runs.queued()
    assert waiting["waits_for"].endswith(" UTC (OSError: no space left on the disk)")


def test_a_row_that_has_ended_stays_as_it_is(world: World) -> None:
    """The run's own word is not overwritten by what Dagster says of it."""
    world.queue()
    run = world.claim()
    result = world.materialize(run)
    world.control.runs.end_dagster_run(result.run_id, status="failed", error_message="it broke")
    assert world.row(run).status == "succeeded"


def test_a_cancel_reaches_the_dagster_run(world: World) -> None:
    """A run that waits in Dagster's queue is canceled there."""
    world.queue()
    run = world.claim()
    dagster_run = started(world, run)
    world.control.runs.cancel(run.id, reason="test", requested_by="someone")
    told: list[str] = []
    world.instance.run_coordinator.cancel_run = told.append  # type: ignore[method-assign, assignment]
    cancellations(dg.build_sensor_context(instance=world.instance), control=world.control, settings=world.settings)
    assert told == [dagster_run.run_id]


def test_nobody_is_told_to_stop_without_a_cancel(world: World) -> None:
    """A run at work is left alone."""
    world.queue()
    started(world, world.claim())
    answer = cancellations(
        dg.build_sensor_context(instance=world.instance), control=world.control, settings=world.settings
    )
    assert isinstance(answer, dg.SkipReason)
    assert answer.skip_message == "no cancel was asked for"


def test_expired_previews_are_queued_for_destruction(world: World) -> None:
    """The clock queues; the queue's sensor starts."""
    world.queue()
    run = world.claim()
    world.materialize(run)
    answer = environment_expiry(dg.build_schedule_context(instance=world.instance), control=world.control)
    assert isinstance(answer, dg.SkipReason)
    assert answer.skip_message == "no preview has expired"


def started(world: World, run: Run) -> dg.DagsterRun:
    """Return a Dagster run that owns the row."""
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.STARTED)
    fence = tags.fence_of(dagster_run.tags)
    assert fence is not None
    world.control.runs.start(fence, dagster_run_id=dagster_run.run_id, lease_seconds=60)
    return dagster_run


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("deploy", "project"),
        ("clone", "project"),
        ("promote", "project"),
        ("rehearse", "project"),
        ("upgrade", "project"),
        ("backup", "platform"),
        ("drill", "platform"),
        ("destroy", "platform"),
    ],
)
def test_what_a_run_refuses_is_the_projects_fault_if_it_tries_code(kind: RunKind, fault: str) -> None:
    """A release that cannot be promoted raises no alarm of the platform; a backup that fails does."""
    assert fault_of(StepFailed("it cannot be done"), kind) == fault
    assert fault_of(RuntimeError("a bug"), kind) == "platform"
