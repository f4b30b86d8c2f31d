"""How a run moves from state to state, and who may move it."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest

from tests.sql.world import ENDED, World, refused


def test_a_run_lives_from_queued_to_succeeded(world: World, project: UUID) -> None:
    """The usual way."""
    run_id = world.queue(project)
    world.claim()
    assert world.status(run_id) == "claimed"
    assert world.start(run_id)["status"] == "running"
    assert world.complete(run_id) == "succeeded"
    run = world.run(run_id)
    assert run["exit_code"] == 0
    assert run["created_at"] <= run["claimed_at"] <= run["started_at"] <= run["finished_at"]
    assert world.messages(run_id) == ["queued", "claimed by w1", "started by w1", "succeeded"]


def test_the_seeds_four_calls_work_without_an_attempt(world: World, project: UUID) -> None:
    """A psql client needs no fencing token for a first attempt."""
    worker = world.worker()
    run_id = world.queue(project)
    assert worker.row("select id from ops.claim_next_run('worker-001')")["id"] == run_id
    worker.rows("select ops.start_workflow_run(%s, 'worker-001')", run_id)
    worker.rows("select ops.append_run_log(%s, 'info', 'hello', '{}')", run_id)
    worker.rows("select ops.add_run_artifact(%s, 'log', 's3://b/k', %s)", run_id, "0" * 64)
    worker.rows("select ops.complete_workflow_run(%s, 1, 'no module named x')", run_id)
    run = world.run(run_id)
    assert (run["status"], run["exit_code"], run["error_message"]) == ("failed", 1, "no module named x")


def test_only_the_claiming_worker_starts_without_an_attempt(world: World, project: UUID) -> None:
    """Without the token the name must be the claimer's."""
    run_id = world.queue(project)
    world.claim(worker="w1")
    with refused("PT410"):
        world.start(run_id, None, worker="w2")


def test_the_run_process_takes_over_with_the_token(world: World, project: UUID) -> None:
    """The sensor claims, the run process owns."""
    run_id = world.queue(project)
    world.claim(worker="sensor")
    assert world.start(run_id, 1, worker="process")["claimed_by"] == "process"
    with refused("PT410"):
        world.rows("select ops.heartbeat_run(%s, 'sensor', 1)", run_id)


def test_a_start_may_be_repeated_by_its_owner_only(world: World, project: UUID) -> None:
    """A lost answer is asked for again; another process is refused."""
    run_id = world.work(project)
    again = world.start(run_id)
    assert (again["status"], again["dagster_run_id"]) == ("running", None)
    with refused("PT410"):
        world.start(run_id, worker="w2")
    assert world.messages(run_id).count("started by w1") == 1


def test_a_run_belongs_to_the_dagster_run_that_was_noted(world: World, project: UUID) -> None:
    """A second Dagster run of the same attempt is refused."""
    run_id = world.queue(project)
    world.claim()
    world.rows("select ops.renew_claim(%s, 1, 'dagster-1')", run_id)
    with refused("PT410"):
        world.rows("select ops.renew_claim(%s, 1, 'dagster-2')", run_id)
    for other in ("dagster-2", None):
        with refused("PT410"):
            world.rows("select ops.start_workflow_run(%s, 'w1', 1, %s)", run_id, other)
    assert world.row("select * from ops.start_workflow_run(%s, 'w1', 1, 'dagster-1')", run_id)["status"] == "running"


def test_repeating_a_completion_changes_nothing(world: World, project: UUID) -> None:
    """A lost answer is asked for again."""
    run_id = world.work(project)
    world.complete(run_id)
    before = world.run(run_id)
    assert world.complete(run_id) == "succeeded"
    assert world.run(run_id) == before
    assert len(world.messages(run_id)) == 4


def test_an_ended_run_cannot_end_otherwise(world: World, project: UUID) -> None:
    """An end is an end."""
    run_id = world.work(project)
    world.complete(run_id)
    with refused("PT409", "is succeeded and cannot become failed"):
        world.complete(run_id, 1)


def test_a_claimed_run_cannot_succeed_before_it_starts(world: World, project: UUID) -> None:
    """Success needs work."""
    run_id = world.queue(project)
    world.claim()
    with refused("PT409", "claimed"):
        world.complete(run_id)
    assert world.complete(run_id, 1) == "failed"


def test_a_queued_run_cannot_be_completed(world: World, project: UUID) -> None:
    """Nobody owns it."""
    with refused("PT410"):
        world.complete(world.queue(project))


def test_an_unknown_run_is_not_found(world: World) -> None:
    """Every RPC says so."""
    for call in (world.complete, world.start):
        with refused("PT404"):
            call(uuid4())
    for query in (
        "select ops.cancel_run(%s)", "select ops.retry_run(%s)", "select ops.requeue_run(%s, 1, 'x')",
        "select ops.heartbeat_run(%s, 'w1', 1)", "select ops.append_run_log(%s, 'info', 'x')",
        "select ops.append_event(%s, 'info', 'x')", "select ops.verify_run_chain(%s)",
        "select ops.finish_run(%s, 'failed')", "select ops.record_destruction(%s, 1)",
    ):  # fmt: skip
        with refused("PT404"):
            world.connection.execute(query, [uuid4()])


def test_a_heartbeat_renews_the_lease(world: World, project: UUID) -> None:
    """A worker that lives keeps its run."""
    run_id = world.work(project)
    world.expire_leases()
    assert world.value("select ops.heartbeat_run(%s, 'w1', 1)", run_id) is False
    assert world.rows("select * from ops.requeue_expired_runs()") == []


def test_an_expired_lease_puts_the_run_back_with_the_next_attempt(world: World, project: UUID) -> None:
    """A silent worker loses its run."""
    run_id = world.work(project)
    world.expire_leases()
    assert world.rows("select * from ops.requeue_expired_runs()") == [{"run_id": run_id, "outcome": "queued"}]
    assert world.claim(worker="w2")[0]["attempt"] == 2
    assert world.value("select ops.verify_run_chain(%s)", run_id)


def test_a_spared_run_keeps_its_expired_lease(world: World, project: UUID) -> None:
    """The reconciler knows who lives."""
    run_id = world.work(project)
    world.expire_leases()
    assert world.rows("select * from ops.requeue_expired_runs(%s)", [run_id]) == []
    assert world.status(run_id) == "running"


def test_the_last_attempt_fails_when_its_lease_ends(world: World, project: UUID) -> None:
    """Attempts are counted."""
    run_id = world.work(project, p_max_attempts=1)
    world.expire_leases()
    assert world.rows("select * from ops.requeue_expired_runs()") == [{"run_id": run_id, "outcome": "failed"}]
    assert world.run(run_id)["error_message"] == "the worker's lease ended"


def test_a_worker_that_lost_its_lease_can_do_nothing_any_more(world: World, project: UUID) -> None:
    """The fence is everywhere: start, heartbeat, log, event, artifact, check, lineage, deployment, completion."""
    run_id = world.work(project)
    world.expire_leases()
    world.rows("select * from ops.requeue_expired_runs()")
    late = (
        "select ops.start_workflow_run(%s, 'w1', 1)",
        "select ops.heartbeat_run(%s, 'w1', 1)",
        "select ops.renew_claim(%s, 1)",
        "select ops.append_run_log(%s, 'info', 'late', p_attempt => 1)",
        "select ops.append_run_logs(%s, 1, '[]')",
        "select ops.append_event(%s, 'info', 'late', p_attempt => 1)",
        "select ops.append_event(%s, 'info', 'late')",
        "select ops.add_run_artifact(%s, 'k', 's3://b/k', repeat('0', 64), p_attempt => 1)",
        "select ops.record_check(%s, 1, 'healthy', true, true, 'late')",
        "select ops.record_lineage(%s, 1, 'source', 'p', '1', '2')",
        "select ops.record_deployment(%s, 1, 'http://x', 80, 'db', 'sha256:0', 'a')",
        "select ops.record_destruction(%s, 1)",
        "select ops.remember_template(%s, 1, 'k', '19.0', 'db', '{base}')",
        "select ops.requeue_run(%s, 1, 'late')",
        "select ops.complete_workflow_run(%s, 0, p_attempt => 1)",
    )
    for again in (False, True):
        for query in late:
            with refused("PT410"):
                world.connection.execute(query, [run_id])
        if not again:
            world.claim(worker="w2")
            world.start(run_id, 2, worker="w2")
    assert world.complete(run_id, 0, 2) == "succeeded"


def test_a_zombie_of_the_failed_last_attempt_is_fenced_too(world: World, project: UUID) -> None:
    """The attempt's number alone does not tell: its lease is gone."""
    run_id = world.work(project, p_max_attempts=1)
    world.expire_leases()
    world.rows("select * from ops.requeue_expired_runs()")
    with refused("PT410"):
        world.complete(run_id, 1)
    with refused("PT410"):
        world.rows("select ops.append_run_log(%s, 'info', 'late')", run_id)


def test_the_owner_may_log_after_the_end(world: World, project: UUID) -> None:
    """The last lines arrive late, and belong to the attempt."""
    run_id = world.work(project)
    world.complete(run_id)
    world.rows("select ops.append_run_log(%s, 'info', 'the last line')", run_id)


def test_giving_an_attempt_up_queues_the_next(world: World, project: UUID) -> None:
    """The reconciler does not wait for the lease."""
    run_id = world.work(project)
    assert world.value("select ops.requeue_run(%s, 1, 'the process is gone')", run_id) == "queued"
    assert world.messages(run_id)[-1] == "queued: the process is gone"


def test_a_run_given_up_goes_to_the_front_of_the_queue(world: World, project: UUID) -> None:
    """A requeued run is not punished for its worker's death."""
    run_id = world.work(project)
    for name in "bcd":
        world.queue(project, f"feature/{name}")
    world.expire_leases()
    world.rows("select * from ops.requeue_expired_runs()")
    assert world.claim()[0]["id"] == run_id


def test_a_run_given_up_after_a_newer_push_is_superseded(world: World, project: UUID) -> None:
    """An old commit is not deployed over a new one."""
    old, test = world.work(project), world.queue(project, p_kind="test")
    new = world.queue(project, sha="b" * 40)
    assert world.value("select ops.requeue_run(%s, 1, 'gone')", old) == "canceled"
    assert world.messages(old)[-2:] == ["queued: gone", "canceled: superseded by #3"]
    assert world.value("select ops.verify_run_chain(%s)", old) is True
    assert [world.status(run) for run in (test, new)] == ["queued", "queued"]


def test_a_deployment_given_up_is_tried_again_though_a_build_waits(world: World, project: UUID) -> None:
    """A build does not do what was asked for."""
    deployment = world.work(project)
    world.queue(project, sha="b" * 40, p_kind="build")
    assert world.value("select ops.requeue_run(%s, 1, 'gone')", deployment) == "queued"


def test_a_waiting_run_is_cancelled_at_once(world: World, project: UUID) -> None:
    """Nothing has begun."""
    run_id = world.queue(project)
    assert world.value("select ops.cancel_run(%s, 'no need', 'ann')", run_id) == "canceled"
    assert world.value("select ops.cancel_run(%s)", run_id) == "canceled"
    assert world.claim() == []
    assert world.messages(run_id) == ["queued", "canceled: no need"]


def test_a_working_run_is_asked_to_end(world: World, project: UUID) -> None:
    """The worker hears it at its heartbeat and says when it is done."""
    run_id = world.work(project)
    assert world.value("select ops.cancel_run(%s, 'no need', 'ann')", run_id) == "running"
    assert world.value("select ops.cancel_run(%s, 'no need', 'ann')", run_id) == "running"
    assert world.value("select ops.heartbeat_run(%s, 'w1', 1)", run_id) is True
    assert world.value("select ops.complete_workflow_run(%s, null, p_canceled => true)", run_id) == "canceled"
    assert world.messages(run_id)[-2:] == ["cancel requested: no need", "canceled"]


def test_a_run_asked_to_end_is_not_tried_again(world: World, project: UUID) -> None:
    """A cancelled run whose worker died stays cancelled."""
    run_id = world.work(project)
    world.rows("select ops.cancel_run(%s)", run_id)
    world.expire_leases()
    assert world.rows("select * from ops.requeue_expired_runs()") == [{"run_id": run_id, "outcome": "canceled"}]


def test_an_ended_run_cannot_be_cancelled(world: World, project: UUID) -> None:
    """There is nothing left to cancel."""
    run_id = world.work(project)
    world.complete(run_id)
    with refused("PT409", "succeeded already"):
        world.rows("select ops.cancel_run(%s)", run_id)


def test_a_retry_is_a_new_run_that_names_the_old_one(world: World, project: UUID) -> None:
    """History is kept."""
    run_id = world.work(project, p_config='{"assets": ["image"]}', p_priority=3)
    world.complete(run_id, 1)
    again = world.run(world.value("select ops.retry_run(%s, 'ann')", run_id))
    first = world.run(run_id)
    assert (again["retry_of"], again["run_number"], again["status"]) == (run_id, 2, "queued")
    assert [again[k] for k in ("git_sha", "git_ref", "config", "kind", "priority", "environment_id")] == [
        first[k] for k in ("git_sha", "git_ref", "config", "kind", "priority", "environment_id")
    ]


def test_a_run_at_work_cannot_be_retried(world: World, project: UUID) -> None:
    """One of a kind at a time."""
    with refused("PT409", "is running"):
        world.rows("select ops.retry_run(%s)", world.work(project))


def test_finishing_by_hand_ends_a_working_run(world: World, project: UUID) -> None:
    """The operator's way out."""
    run_id = world.work(project)
    with refused("PT400"):
        world.rows("select ops.finish_run(%s, 'running')", run_id)
    assert world.value("select ops.finish_run(%s, 'failed')", run_id) == "failed"
    assert world.value("select ops.finish_run(%s, 'failed')", run_id) == "failed"
    with refused("PT409"):
        world.rows("select ops.finish_run(%s, 'succeeded')", run_id)


def test_dagsters_end_ends_the_run_only_once_and_only_its_own(world: World, project: UUID) -> None:
    """The second writer never overrules the first."""
    run_id = world.queue(project)
    world.claim()
    world.rows("select ops.start_workflow_run(%s, 'w1', 1, 'dagster-1')", run_id)
    assert world.value("select ops.end_dagster_run('dagster-2', 'failed', 'x')") is False
    assert world.value("select ops.end_dagster_run('dagster-1', 'failed', 'the process died')") is True
    assert world.value("select ops.end_dagster_run('dagster-1', 'succeeded')") is False
    assert world.run(run_id)["error_message"] == "the process died"


def test_a_dagster_success_without_a_start_is_a_failure(world: World, project: UUID) -> None:
    """A run that never took ownership did no work."""
    run_id = world.queue(project)
    world.claim()
    world.rows("select ops.renew_claim(%s, 1, 'dagster-1')", run_id)
    assert world.value("select ops.end_dagster_run('dagster-1', 'succeeded')") is True
    assert world.status(run_id) == "failed"


def test_a_run_born_in_dagster_is_enrolled_claimed(world: World, project: UUID) -> None:
    """Materialize in the UI is on the record."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    call = "select * from ops.enroll_run('dagster-1', 'shop/feature/a', 'deploy', 'ann', 'dagster')"
    enrolled = world.row(call)
    run = world.run(enrolled["run_id"])
    assert (run["status"], run["trigger"], run["requested_by"], enrolled["attempt"]) == (
        "claimed",
        "dagster_ui",
        "ann",
        1,
    )
    assert world.row(call) == enrolled
    world.rows("select ops.start_workflow_run(%s, 'process', 1, 'dagster-1')", run["id"])
    assert world.complete(run["id"]) == "succeeded"
    assert world.value("select ops.verify_run_chain(%s)", run["id"])


def test_a_run_born_in_dagster_waits_its_turn_by_being_refused(world: World, project: UUID) -> None:
    """One run at a time works on an environment, wherever it was born."""
    world.work(project)
    with refused("PT409", "Another run works on shop/feature/a"):
        world.rows("select * from ops.enroll_run('dagster-1', 'shop/feature/a', 'deploy')")
    with refused("PT404"):
        world.rows("select * from ops.enroll_run('dagster-1', 'shop/nothing', 'deploy')")


@pytest.mark.parametrize("start", ["queued", "claimed", "running", *ENDED])
def test_a_transition_that_is_not_drawn_raises_whoever_makes_it(world: World, project: UUID, start: str) -> None:
    """The table itself knows the drawing."""
    drawn = {
        "queued": {"claimed", "canceled"},
        "claimed": {"running", "failed", "canceled", "queued"},
        "running": {"succeeded", "failed", "canceled", "queued"},
    }
    run_id = in_state(world, project, start)
    for target in {"queued", "claimed", "running", *ENDED} - drawn.get(start, set()) - {start}:
        with refused("PT409", f"from {start} to {target}"):
            world.rows(
                "update ops.runs set status = %s, exit_code = 0, claimed_by = 'x', lease_expires_at = now(),"
                " finished_at = case when %s then now() end where id = %s",
                target, target in ENDED, run_id,
            )  # fmt: skip


def test_a_run_keeps_its_identity(world: World, project: UUID) -> None:
    """What was asked is not rewritten."""
    run_id = world.queue(project)
    for query in (
        "update ops.runs set kind = 'destroy' where id = %s", "delete from ops.runs where id = %s",
        "update ops.run_requests set config = '{}' where run_id = %s", "delete from ops.run_requests where run_id = %s",
    ):  # fmt: skip
        with refused("PT409", "append-only"):
            world.connection.execute(query, [run_id])


def in_state(world: World, project: UUID, status: str) -> UUID:
    """Return a run in that state."""
    run_id = world.queue(project)
    if status == "canceled":
        world.rows("select ops.cancel_run(%s)", run_id)
    elif status != "queued":
        world.claim()
        if status != "claimed":
            world.start(run_id)
        if status in ENDED:
            world.complete(run_id, int(status == "failed"))
    return run_id


@pytest.mark.parametrize(
    "nonsense",
    [
        "status = 'claimed', claimed_by = null",
        "lease_expires_at = null",
        "finished_at = now()",
        "starts = 2",
        "starts = -1",
        "max_attempts = 101",
        "status = 'succeeded', finished_at = now(), exit_code = 1",
        "status = 'failed'",
        "fault = 'project'",
        "status = 'failed', finished_at = now(), fault = 'nobody'",
    ],
)
def test_a_run_that_makes_no_sense_is_refused_whoever_writes_it(world: World, project: UUID, nonsense: str) -> None:
    """The table itself knows what a run may be."""
    run_id = world.work(project)
    with pytest.raises(psycopg.Error) as caught:
        world.connection.execute(f"update ops.runs set {nonsense} where id = %s".encode(), [run_id])
    assert caught.value.sqlstate in ("23514", "PT409")
