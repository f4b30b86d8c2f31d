"""ops.runs against Dagster's runs, after every kind of accident between the two."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, SensorInstigatorData

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine import tags
from odooops_dagster.engine.processes import Process
from odooops_dagster.engine.switches import watch_switches
from sensors import reconciler as sensor
from tests.dagster.world import World

GONE = Process(host=Process.current().host, pid=2**22 + 1, started=1)


def test_a_run_that_waits_in_dagsters_queue_keeps_its_claim(world: World) -> None:
    """The lease of a claimed run is renewed as long as its Dagster run is queued, and the two are bound."""
    world.queue()
    run = world.claim()
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.QUEUED)
    mend(world, lease_seconds=900)
    row = world.row(run)
    assert row.dagster_run_id == dagster_run.run_id
    assert row.lease_expires_at is not None
    assert row.claimed_at is not None
    assert (row.lease_expires_at - row.claimed_at).total_seconds() > 600


def test_a_fresh_claim_is_given_time_to_become_a_dagster_run(world: World) -> None:
    """Between the claim's commit and Dagster's run lie seconds in which nothing is wrong."""
    world.queue()
    run = world.claim()
    mend(world)
    assert world.row(run).status == "claimed"


def test_a_claim_that_never_became_a_dagster_run_goes_back_to_the_queue(world: World, database: str) -> None:
    """The tick that claimed it died: after the lease the run is queued again for its second attempt."""
    world.queue()
    [run] = world.control.runs.claim("dagster@test", limit=1)
    expire_leases(database)
    mend(world)
    assert (world.row(run).status, world.row(run).attempt) == ("queued", 1)


def test_a_run_whose_process_is_gone_is_given_back_and_ended_in_dagster(world: World, database: str) -> None:
    """Nobody else notices a run process that died with its code server; a living one is given time to report it."""
    world.queue()
    run = world.claim()
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.STARTED, **{tags.PROCESS: str(GONE)})
    start(world, dagster_run)
    mend(world)
    assert world.row(run).status == "running"
    expire_leases(database)
    mend(world)
    assert world.row(run).status == "queued"
    assert status(world, dagster_run) == dg.DagsterRunStatus.FAILURE


def test_a_run_whose_process_is_gone_for_the_last_time_fails(world: World, database: str) -> None:
    """With no attempt left the row ends as failed and says why."""
    world.control.runs.queue(
        world.project.id, env="feature/cart", git_sha="a" * 40, ref="refs/heads/feature/cart", max_attempts=1
    )
    run = world.claim()
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.STARTED, **{tags.PROCESS: str(GONE)})
    start(world, dagster_run)
    expire_leases(database)
    mend(world)
    row = world.row(run)
    assert row.status == "failed"
    assert "the process that worked on it is gone" in str(row.error_message)


def test_a_canceling_run_whose_process_is_gone_ends_as_canceled(world: World, database: str) -> None:
    """The cancel is carried out, not undone by a second attempt."""
    world.queue()
    run = world.claim()
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.CANCELING, **{tags.PROCESS: str(GONE)})
    start(world, dagster_run)
    world.control.runs.cancel(run.id, reason="test", requested_by="someone")
    expire_leases(database)
    mend(world)
    assert world.row(run).status == "canceled"
    assert status(world, dagster_run) == dg.DagsterRunStatus.CANCELED


def test_a_run_at_work_is_left_alone(world: World, database: str) -> None:
    """A living process is not disturbed, whatever its lease says."""
    world.queue()
    run = world.claim()
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.STARTED, **{tags.PROCESS: str(Process.current())})
    start(world, dagster_run)
    expire_leases(database)
    mend(world)
    assert world.row(run).status == "running"
    assert status(world, dagster_run) == dg.DagsterRunStatus.STARTED


def test_a_run_that_never_said_who_works_on_it_is_given_back(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that died between its launch and its first words counts as gone after a while."""
    world.queue()
    run = world.claim()
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.STARTED)
    mend(world)
    assert world.row(run).status == "claimed"
    monkeypatch.setattr(sensor, "SILENT_SECONDS", -1.0)
    expire_leases(database)
    mend(world)
    assert world.row(run).status == "queued"
    assert status(world, dagster_run) == dg.DagsterRunStatus.FAILURE


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (dg.DagsterRunStatus.SUCCESS, "succeeded"),
        (dg.DagsterRunStatus.FAILURE, "failed"),
        (dg.DagsterRunStatus.CANCELED, "canceled"),
    ],
)
def test_a_row_whose_dagster_run_has_ended_ends_with_it(
    world: World, ended: dg.DagsterRunStatus, expected: str
) -> None:
    """Where the run could not write its end, the reconciler does."""
    world.queue()
    run = world.claim()
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.STARTED)
    start(world, dagster_run)
    said = {
        dg.DagsterRunStatus.SUCCESS: dg.DagsterEventType.RUN_SUCCESS,
        dg.DagsterRunStatus.FAILURE: dg.DagsterEventType.RUN_FAILURE,
        dg.DagsterRunStatus.CANCELED: dg.DagsterEventType.RUN_CANCELED,
    }[ended]
    event = dg.DagsterEvent(event_type_value=said.value, job_name=dagster_run.job_name)
    world.instance.report_dagster_event(event, run_id=dagster_run.run_id)
    assert status(world, dagster_run) == ended
    mend(world)
    assert world.row(run).status == expected


def test_a_dagster_run_that_failed_before_its_work_began_is_tried_again(world: World) -> None:
    """Its process was killed while it started, or the code server was away: none of the row's attempts is spent."""
    world.queue()
    run = world.claim()
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.STARTING)
    mend(world)
    world.instance.report_engine_event("process was terminated by signal 9 (SIGKILL)", dagster_run)
    world.instance.report_run_failed(dagster_run)
    mend(world)
    assert world.row(run).status == "queued"
    [waiting] = world.control.runs.queued()
    assert "process was terminated by signal 9 (SIGKILL)" in waiting["waits_for"]


def test_mending_twice_changes_nothing_more(world: World, database: str) -> None:
    """The second look finds a queued run and leaves it there."""
    world.queue()
    run = world.claim()
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.STARTED, **{tags.PROCESS: str(GONE)})
    start(world, dagster_run)
    expire_leases(database)
    mend(world)
    mend(world)
    assert (world.row(run).status, world.row(run).attempt) == ("queued", 1)


def test_a_process_is_known_by_its_start_and_not_only_its_number() -> None:
    """A later process that was given the same number is not mistaken for the run's."""
    now = Process.current()
    assert not now.is_gone()
    assert Process(host=now.host, pid=now.pid, started=now.started - 100).is_gone()
    assert not Process(host="elsewhere", pid=now.pid, started=1).is_gone()
    assert Process.parse(str(now)) == now


def expire_leases(database: str) -> None:
    """Let every lease have ended a minute ago."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "update ops.runs set lease_expires_at = now() - interval '1 minute' where lease_expires_at is not null"
        )


def mend(world: World, *, lease_seconds: int = 60) -> None:
    """Evaluate the sensor, which looks once."""
    context = dg.build_sensor_context(instance=world.instance)
    settings = world.settings.model_copy(update={"lease_seconds": lease_seconds})
    sensor.reconciler(context, control=world.control, settings=settings)


def start(world: World, dagster_run: dg.DagsterRun) -> None:
    """Take ownership of the row as the run process does."""
    fence = tags.fence_of(dagster_run.tags)
    assert fence is not None
    world.control.runs.start(fence, dagster_run_id=dagster_run.run_id, lease_seconds=60)


def status(world: World, dagster_run: dg.DagsterRun) -> dg.DagsterRunStatus:
    """Return how Dagster sees the run now."""
    run = world.instance.get_run_by_id(dagster_run.run_id)
    assert run is not None
    return run.status


def test_what_somebody_switched_off_in_the_ui_is_an_alarm_until_it_is_switched_on(world: World, tmp_path: Path) -> None:
    """The queue stands still without a sign of it; two looks make one alarm."""
    origin = RemoteInstigatorOrigin(
        RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("odooops"), "__repository__"), "ops_queue"
    )

    def state(status: str) -> InstigatorState:
        return InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus(status), SensorInstigatorData())

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert watch_switches(instance, world.control) == []
        instance.add_instigator_state(state("STOPPED"))
        for _ in range(2):
            assert watch_switches(instance, world.control) == ["ops_queue"]
        [alarm] = world.control.incidents.alarms()
        assert alarm.title == "switched off in the Dagster UI: ops_queue"
        instance.update_instigator_state(state("RUNNING"))
        assert watch_switches(instance, world.control) == []
    assert world.control.incidents.alarms() == []


def test_what_came_back_unfinished_with_a_backup_of_the_platform_ends_once(world: World, database: str) -> None:
    """Its process was on a machine of which nothing can be known: both records end, and a younger run works on."""
    world.queue()
    run = world.claim()
    elsewhere = Process(host="lost.example", pid=7, started=1)
    lost = world.dagster_run(run, dg.DagsterRunStatus.STARTED, **{tags.PROCESS: str(elsewhere)})
    waiting = world.dagster_run(run, dg.DagsterRunStatus.QUEUED)
    with ControlPlane(database) as owner:
        ended = owner.plane.settle_restored("b1", taken_at=datetime.now(UTC), has_databases=True)
        owner.plane.confirm(by="ada")
    assert (ended.runs, world.row(run).status) == (1, "failed")
    world.queue()
    younger = world.claim()
    at_work = world.dagster_run(younger, dg.DagsterRunStatus.STARTED, **{tags.PROCESS: str(Process.current())})
    mend(world)
    assert status(world, lost) == status(world, waiting) == dg.DagsterRunStatus.CANCELED
    assert status(world, at_work) == dg.DagsterRunStatus.STARTED
    assert world.row(run).status == "failed"
    assert world.row(younger).status == "claimed"
