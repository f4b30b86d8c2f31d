"""A run that could not be started waits and is tried again; only work that began counts as an attempt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.sql.world import World, refused

# About an hour: 5, 10, 20 ... seconds, then 5 minutes each.
LAUNCHES = 16


def give_back(world: World, run_id: UUID, reason: str = "Dagster could not start it") -> str:
    """Give up the run's attempt, whichever it is."""
    return str(world.value("select ops.requeue_run(id, attempt, %s) from ops.runs where id = %s", reason, run_id))


def let_time_pass(world: World) -> None:
    """Let every pause have ended."""
    world.rows("update ops.runs set not_before = now() - interval '1 second' where not_before is not null")


def launch_in_vain(world: World, run_id: UUID, times: int) -> list[str]:
    """Claim the run and give it back that often."""
    states = []
    for _ in range(times):
        let_time_pass(world)
        assert [row["id"] for row in world.claim()] == [run_id]
        states.append(give_back(world, run_id))
    return states


def counts(world: World, run_id: UUID) -> tuple[int, int]:
    """Return how often the run was claimed and how often its work began."""
    run = world.run(run_id)
    return run["attempt"], run["starts"]


def test_launches_in_vain_spend_no_attempt(world: World, project: UUID) -> None:
    """A code server that was away three times does not make a good commit fail."""
    run_id = world.queue(project)
    assert launch_in_vain(world, run_id, 5) == ["queued"] * 5
    assert counts(world, run_id) == (5, 0)
    for attempt in (6, 7, 8):
        let_time_pass(world)
        world.claim()
        world.start(run_id, attempt)
        assert counts(world, run_id) == (attempt, attempt - 5)
        state = give_back(world, run_id, "the process is gone")
        assert state == ("queued" if attempt < 8 else "failed")
    assert world.value("select ops.verify_run_chain(%s)", run_id)


@pytest.mark.parametrize("how", ["requeue", "lease", "dagster"])
def test_a_claim_that_came_to_nothing_is_followed_by_a_growing_pause(world: World, project: UUID, how: str) -> None:
    """Whoever notices it: the coordinator, the end of the lease, or Dagster's own end of the run."""
    run_id = world.queue(project)
    pauses = []
    for attempt in range(1, 9):
        let_time_pass(world)
        world.claim()
        if how == "requeue":
            give_back(world, run_id)
        elif how == "lease":
            world.expire_leases()
            world.rows("select * from ops.requeue_expired_runs()")
        else:
            world.rows("select ops.renew_claim(%s, %s, %s)", run_id, attempt, f"dagster-{attempt}")
            assert world.value("select ops.end_dagster_run(%s, 'failed', 'killed')", f"dagster-{attempt}")
        pauses.append(round(world.value("select extract(epoch from not_before - now()) from ops.runs")))
        assert (world.status(run_id), world.claim()) == ("queued", [])
        assert world.rows("select * from ops.peek_runs(5)") == []
        assert world.rows("select * from ops.claim_and_start_runs('w1')") == []
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]


def test_a_worker_that_died_at_work_is_followed_at_once(world: World, project: UUID) -> None:
    """The attempt is spent; there is nothing to wait for."""
    run_id = world.work(project)
    give_back(world, run_id, "the process is gone")
    assert world.run(run_id)["not_before"] is None
    assert [row["id"] for row in world.claim()] == [run_id]


def test_a_run_that_waits_for_its_next_try_says_when_and_why(world: World, project: UUID) -> None:
    """Waiting is explained."""
    run_id = world.queue(project)
    launch_in_vain(world, run_id, 1)
    at: datetime = world.run(run_id)["not_before"]
    (row,) = world.rows("select * from ops.list_queued_runs()")
    moment = at.astimezone(tz=None) - (at.astimezone(tz=None).utcoffset() or timedelta())
    assert row["waits_for"] == f"its next try, at {moment:%H:%M:%S} UTC (Dagster could not start it)"
    let_time_pass(world)
    assert world.row("select * from ops.list_queued_runs()")["waits_for"] == "a free worker"


def test_work_behind_a_run_that_waits_for_its_next_try_keeps_its_place(world: World, project: UUID) -> None:
    """One environment's work stays in order; other environments go on."""
    run_id = world.queue(project, p_kind="test")
    launch_in_vain(world, run_id, 1)
    world.queue(project, p_kind="backup")
    other = world.queue(project, "feature/b")
    assert [row["id"] for row in world.claim(5)] == [other]


def test_a_run_that_never_can_start_fails_with_the_reason_and_an_alarm(world: World, project: UUID) -> None:
    """After about an hour somebody has to look."""
    run_id = world.queue(project)
    assert launch_in_vain(world, run_id, LAUNCHES) == ["queued"] * (LAUNCHES - 1) + ["failed"]
    pauses: Any = world.value("select sum(ops_private.pause_before_launch(n)) from generate_series(1, 20) as n")
    assert timedelta(minutes=45) < pauses < timedelta(minutes=75)
    error = "could not be started, 16 times in vain: Dagster could not start it"
    assert world.run(run_id)["error_message"] == error
    incident = world.row("select * from ops.incidents where project_id = %s", project)
    assert (incident["title"], incident["severity"]) == ("Runs cannot be started", "major")
    assert incident["description"] == f"Run #1: {error}. Next: ops doctor, then ops run retry."


def test_one_alarm_tells_of_all_runs_that_cannot_start(world: World, project: UUID) -> None:
    """Until somebody has resolved it."""
    for name in "ab":
        launch_in_vain(world, world.queue(project, f"feature/{name}"), LAUNCHES)
    (incident,) = world.rows("select id from ops.incidents")
    world.rows("select ops.resolve_incident(%s, 'the code server is back')", incident["id"])
    launch_in_vain(world, world.queue(project, "feature/c"), LAUNCHES)
    assert len(world.rows("select id from ops.incidents")) == 2


def test_a_run_that_was_cancelled_while_it_could_not_start_is_canceled(world: World, project: UUID) -> None:
    """Nobody waits for it any more."""
    run_id = world.queue(project)
    world.claim()
    world.rows("select ops.cancel_run(%s, 'no need')", run_id)
    assert give_back(world, run_id) == "canceled"


def test_a_newer_push_supersedes_a_run_that_waits_for_its_next_try(world: World, project: UUID) -> None:
    """It need not wait for the pause to end."""
    old = world.queue(project)
    launch_in_vain(world, old, 1)
    new = world.queue(project, sha="b" * 40)
    assert world.status(old) == "canceled"
    assert [row["id"] for row in world.claim()] == [new]


def test_a_run_born_in_dagster_that_never_began_has_failed(world: World, project: UUID) -> None:
    """The queue would start its whole job, and not what was selected."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    run_id = world.row("select * from ops.enroll_run('d1', 'shop/feature/a', 'test')")["run_id"]
    assert world.value("select ops.end_dagster_run('d1', 'failed', 'killed')")
    run = world.run(run_id)
    assert (run["status"], run["error_message"], run["exit_code"]) == ("failed", "killed", 1)
    assert world.rows("select id from ops.incidents") == []


def test_a_run_born_in_dagster_begins_once(world: World, project: UUID) -> None:
    """It has one attempt, which its start spends."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    run_id = world.row("select * from ops.enroll_run('d1', 'shop/feature/a', 'test')")["run_id"]
    world.rows("select ops.start_workflow_run(%s, 'dagster', 1, 'd1')", run_id)
    assert counts(world, run_id) == (1, 1)
    assert give_back(world, run_id, "the process is gone") == "failed"


def test_the_fused_claim_counts_its_start(world: World, project: UUID) -> None:
    """It claims and begins in one."""
    run_id = world.queue(project, p_max_attempts=1)
    world.rows("select * from ops.claim_and_start_runs('w1')")
    assert counts(world, run_id) == (1, 1)
    assert give_back(world, run_id, "gone") == "failed"


def test_a_start_that_is_not_counted_is_refused_whoever_makes_it(world: World, project: UUID) -> None:
    """Else a run could begin for ever."""
    run_id = world.queue(project)
    world.claim()
    with refused("PT409"):
        world.rows("update ops.runs set status = 'running', started_at = now() where id = %s", run_id)
