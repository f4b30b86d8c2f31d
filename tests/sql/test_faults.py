"""Whose fault a failed run is, and the alarm that only the platform's own faults raise."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.sql.world import World, refused


def alarms(world: World) -> list[str]:
    """Return the open alarms of faults."""
    rows = world.rows("select description from ops.incidents where status = 'open' and key like 'fault:%%' order by 1")
    return [row["description"] for row in rows]


def fail(world: World, run_id: UUID, fault: str | None) -> None:
    """End the run's first attempt as failed."""
    world.rows("select ops.complete_workflow_run(%s, 1, 'broken', p_fault => %s)", run_id, fault)


@pytest.mark.parametrize(("told", "stored"), [(None, "project"), ("project", "project"), ("platform", "platform")])
def test_a_failed_run_says_whose_fault_it_is(world: World, project: UUID, told: str | None, stored: str) -> None:
    """A worker that says nothing reports the end of the project's own work."""
    run_id = world.work(project)
    fail(world, run_id, told)
    assert world.value("select fault from ops.v_runs where id = %s", run_id) == stored
    ends = "select payload ->> 'fault' as fault from ops.run_events where run_id = %s and payload ->> 'to' = 'failed'"
    assert [row["fault"] for row in world.rows(ends, run_id)] == [stored]
    assert len(alarms(world)) == (stored == "platform")


def test_nobody_else_has_a_fault(world: World, project: UUID) -> None:
    """And a run that did not fail has none."""
    run_id = world.work(project)
    with refused("PT400"):
        fail(world, run_id, "weather")
    world.complete(run_id)
    assert world.run(run_id)["fault"] is None


def test_a_run_whose_process_is_gone_is_the_platforms_fault(world: World, project: UUID) -> None:
    """The commit had no chance to be wrong."""
    run_id = world.queue(project)
    world.claim()
    world.rows("select ops.start_workflow_run(%s, 'w1', 1, 'dagster-1')", run_id)
    world.rows("select ops.end_dagster_run('dagster-1', 'failed', 'the process was killed')")
    assert world.run(run_id)["fault"] == "platform"


def test_the_alarm_ends_with_the_next_success_of_its_kind(world: World, project: UUID) -> None:
    """One alarm for all runs of a kind; a refused commit in between changes nothing."""
    for fault in ("platform", "platform", "project"):
        fail(world, world.work(project), fault)
    [told] = alarms(world)
    assert "ops doctor" in told
    world.complete(world.work(project))
    assert alarms(world) == []
