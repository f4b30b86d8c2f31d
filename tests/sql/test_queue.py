"""What the queue gives to whom, and when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from tests.sql.world import SHA, World, connect, refused


def test_a_queued_run_waits_with_its_number_and_first_event(world: World, project: UUID) -> None:
    """A request makes a run."""
    run = world.run(world.queue(project, p_requested_by="ann", p_config='{"assets": ["image"]}'))
    assert (run["status"], run["run_number"], run["attempt"]) == ("queued", 1, 0)
    assert (run["partition_key"], run["git_sha"], run["git_ref"]) == ("shop/feature/a", SHA, "refs/heads/feature/a")
    assert (run["requested_by"], run["config"]) == ("ann", {"assets": ["image"]})
    assert world.messages(run["id"]) == ["queued"]


def test_queue_run_takes_its_four_names_as_the_seeds_give_them(world: World, project: UUID) -> None:
    """The first arguments are a contract."""
    run_id = world.value(
        "select ops.queue_run(project_id => %s, env => 'main', git_sha => %s, ref => 'refs/heads/main')", project, SHA
    )
    assert world.run(run_id)["kind"] == "deploy"


def test_run_numbers_count_per_project(world: World, project: UUID) -> None:
    """Each project has its own first run."""
    other = world.project("blog")
    numbers = [world.run(world.queue(p, None))["run_number"] for p in (project, other, project)]
    assert numbers == [1, 1, 2]


def test_runs_queued_at_once_get_different_numbers(world: World, project: UUID) -> None:
    """Numbering holds under concurrency."""

    def queue(_: int) -> UUID:
        with connect(world.operator_url) as connection:
            row = connection.execute("select ops.queue_run(%s, null, null, null) as id", [project]).fetchone()
            assert row is not None
            return UUID(str(row["id"]))

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(queue, range(40)))
    assert sorted(world.run(run_id)["run_number"] for run_id in ids) == list(range(1, 41))


def test_a_claim_takes_priority_before_age(world: World, project: UUID) -> None:
    """Urgent work goes first, then the oldest."""
    old = world.queue(project, "feature/a")
    new = world.queue(project, "feature/b")
    urgent = world.queue(project, "feature/c", p_priority=5)
    assert [world.claim()[0]["id"] for _ in range(3)] == [urgent, old, new]


def test_projects_take_turns_however_many_runs_one_has_queued(world: World, project: UUID) -> None:
    """A busy project does not starve a quiet one."""
    quiet = world.project("blog")
    for number in range(6):
        world.queue(project, f"feature/{number}")
    for number in range(2):
        world.queue(quiet, f"feature/{number}")
    claimed = [row["project_slug"] for row in world.claim(8)]
    assert claimed == ["shop", "blog", "shop", "blog", "shop", "shop", "shop", "shop"]


def test_a_project_that_was_served_much_does_not_wait_longer_afterwards(world: World, project: UUID) -> None:
    """Turns are no debt: they start again where the queue stands."""
    quiet = world.project("blog")
    for number in range(5):
        world.queue(project, f"feature/{number}")
    world.claim(5)
    for number in range(3):
        world.queue(quiet, f"feature/{number}")
    world.queue(project, "feature/new")
    assert [row["project_slug"] for row in world.claim(2)] == ["blog", "shop"]


def test_a_claim_of_several_gives_several_in_order(world: World, project: UUID) -> None:
    """A batch is the same runs in the same order."""
    ids = [world.queue(project, f"feature/{number}") for number in range(5)]
    assert [row["id"] for row in world.claim(3)] == ids[:3]
    assert [row["id"] for row in world.claim(9)] == ids[3:]


def test_an_empty_queue_gives_no_row(world: World) -> None:
    """Nothing to do is not an error."""
    assert world.claim() == []
    assert world.rows("select * from ops.claim_next_run('w1')") == []


def test_one_run_at_a_time_works_on_an_environment(world: World, project: UUID) -> None:
    """The second waits for the first one's end."""
    first = world.work(project, p_kind="test")
    second = world.queue(project, p_kind="test")
    third = world.queue(project, p_kind="test")
    assert world.claim(5) == []
    world.complete(first)
    assert [row["id"] for row in world.claim(5)] == [second]
    world.start(second)
    world.complete(second)
    assert [row["id"] for row in world.claim(5)] == [third]


def test_a_batch_never_holds_two_runs_of_one_environment(world: World, project: UUID) -> None:
    """Exclusion holds within one claim too, also where a later run is more urgent."""
    world.queue(project, p_kind="test")
    urgent = world.queue(project, p_kind="test", p_priority=9)
    assert [row["id"] for row in world.claim(5)] == [urgent]


def test_the_table_itself_refuses_two_working_runs_of_one_environment(world: World, project: UUID) -> None:
    """Exclusion is a constraint, not a habit."""
    world.work(project, p_kind="test")
    second = world.queue(project, p_kind="test")
    with refused("23505"):
        world.rows(
            "update ops.runs set status = 'claimed', claimed_by = 'x', lease_expires_at = now() where id = %s", second
        )


def test_claims_that_meet_in_one_environment_are_told_apart(world: World, project: UUID) -> None:
    """A more urgent run that arrives while the first is being claimed does not break the later claim."""
    first = world.queue(project, p_kind="test")
    elsewhere = world.queue(project, "feature/b", p_kind="test")
    with connect(world.url) as slow, ThreadPoolExecutor(1) as pool:
        with slow.transaction():
            assert [row["id"] for row in slow.execute("select * from ops.claim_runs('slow', 1)")] == [first]
            world.queue(project, p_kind="test", p_priority=9)
            quick = pool.submit(world.worker().claim, 5)
            # The quick claim took the urgent run and waits for the slow one's commit to know whether it may.
            while not world.value("select count(*) from pg_locks where not granted and locktype = 'transactionid'"):
                pass
        assert [row["id"] for row in quick.result(timeout=20)] == [elsewhere]


def test_runs_without_an_environment_do_not_exclude_each_other(world: World, project: UUID) -> None:
    """Project work runs side by side."""
    ids = {world.queue(project, None) for _ in range(3)}
    assert {row["id"] for row in world.claim(3)} == ids


def test_a_newer_push_supersedes_waiting_older_ones(world: World, project: UUID) -> None:
    """Only the newest commit of a branch is worth building."""
    old, older_build = world.queue(project), world.queue(project, p_kind="build")
    other, test = world.queue(project, "feature/b"), world.queue(project, p_kind="test")
    new = world.queue(project, sha="b" * 40)
    assert [world.status(run) for run in (old, older_build, other, test, new)] == [
        "canceled", "canceled", "queued", "queued", "queued",
    ]  # fmt: skip
    assert world.run(older_build)["error_message"] == "superseded by #5"
    assert world.messages(older_build)[-1] == "canceled: superseded by #5"
    assert world.value("select ops.verify_run_chain(%s)", older_build)


@pytest.mark.parametrize(
    ("older", "newer"), [("deploy", "build"), ("destroy", "build"), ("destroy", "test"), ("build", "test")]
)
def test_a_run_that_does_less_leaves_what_was_asked_for(world: World, project: UUID, older: str, newer: str) -> None:
    """A push to production is built only: the first deployment, asked for a moment before, is done all the same."""
    world.queue(project)  # so that there is an environment
    first = world.queue(project, p_kind=older)
    second = world.queue(project, p_kind=newer)
    assert [world.status(run) for run in (first, second)] == ["queued", "queued"]


def test_a_newer_push_leaves_the_working_run_alone(world: World, project: UUID) -> None:
    """What has begun goes on."""
    working = world.work(project)
    world.queue(project)
    assert world.status(working) == "running"


def test_the_same_idempotency_key_is_the_same_run(world: World, project: UUID) -> None:
    """A repeated request changes nothing."""
    first = world.queue(project, p_idempotency_key="k")
    again = world.queue(project, p_idempotency_key="k", p_requested_by="somebody else")
    assert first == again
    assert world.value("select count(*) from ops.runs") == 1


def test_an_idempotency_key_with_another_body_is_a_conflict(world: World, project: UUID) -> None:
    """A key means one request."""
    world.queue(project, p_idempotency_key="k")
    with refused("PT409", "used for another request"):
        world.queue(project, sha="b" * 40, p_idempotency_key="k")


def test_an_idempotency_key_belongs_to_one_project(world: World, project: UUID) -> None:
    """Projects do not meet in their keys."""
    other = world.project("blog")
    assert world.queue(project, p_idempotency_key="k") != world.queue(other, p_idempotency_key="k")


def test_an_idempotency_key_used_at_once_by_many_makes_one_run(world: World, project: UUID) -> None:
    """Idempotency holds under concurrency."""

    def queue(_: int) -> object:
        with connect(world.operator_url) as connection:
            row = connection.execute(
                "select ops.queue_run(%s, 'feature/a', %s, 'r', p_idempotency_key => 'k') as id", [project, SHA]
            ).fetchone()
            return row and row["id"]

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(queue, range(32)))
    assert len(ids) == 1
    assert world.value("select count(*) from ops.runs") == 1
    assert world.value("select count(*) from ops.run_events") == 1


def test_an_unknown_project_takes_no_run(world: World) -> None:
    """What is not there cannot be asked for."""
    with refused("PT404"):
        world.queue(uuid4())


def test_an_archived_project_takes_no_run_and_loses_its_queue(world: World, project: UUID) -> None:
    """Archiving empties the queue."""
    waiting = world.queue(project)
    world.rows("select ops.archive_project('shop')")
    assert world.status(waiting) == "canceled"
    with refused("PT409", "archived"):
        world.queue(project)


def test_a_run_with_impossible_values_leaves_nothing(world: World, project: UUID) -> None:
    """A refused request is refused whole."""
    with refused("PT400"):
        world.queue(project, p_max_attempts=0)
    with refused("PT400"):
        world.queue(project, p_config="[]")
    assert world.value("select count(*) from ops.run_requests") == 0
    assert world.value("select count(*) from ops.environments") == 0


def test_the_queue_says_what_each_run_waits_for(world: World, project: UUID) -> None:
    """Waiting is explained."""
    world.work(project, p_kind="test")
    world.queue(project, p_kind="test")
    world.queue(project, "feature/b", p_kind="test")
    world.queue(project, "feature/b", p_kind="test")
    waits = [row["waits_for"] for row in world.rows("select * from ops.list_queued_runs()")]
    assert waits == [
        "run #1, which works on the environment",
        "a free worker",
        "run #3, which waits for the environment too",
    ]


def test_peeking_shows_the_next_claim_and_takes_nothing(world: World, project: UUID) -> None:
    """A dry run changes nothing."""
    world.queue(project)
    world.queue(project, "feature/b")
    peeked = [row["id"] for row in world.rows("select * from ops.peek_runs(5)")]
    assert world.value("select count(*) from ops.run_events") == 2
    assert [row["id"] for row in world.claim(5)] == peeked


def entries_read(world: World) -> int:
    """Return how many entries of the indexes of runs this transaction has read."""
    read: int = world.value("""
        select sum(pg_stat_get_xact_tuples_returned(i.indexrelid))::int from pg_index as i
        where i.indrelid = 'ops.runs'::regclass
    """)
    return read


@pytest.mark.measures
@pytest.mark.parametrize("count", [1, 16])
def test_to_queue_and_to_claim_reads_one_run_and_not_the_queue(world: World, project: UUID, count: int) -> None:
    """Beside two hundred waiting runs either costs a few entries of the indexes."""
    projects = [project, *(world.project(f"shop-{number}") for number in range(1, count))]
    for number in range(200):
        world.queue(projects[number % count], f"feature/{number}")
    world.connection.execute("vacuum ops.runs")
    before = entries_read(world)
    world.queue(project, "feature/last")
    queued = entries_read(world) - before
    assert len(world.claim()) == 1
    claimed = entries_read(world) - before - queued
    assert max(queued, claimed) < 20, f"{queued} and {claimed} entries read"


def test_claim_and_start_gives_a_running_run(world: World, project: UUID) -> None:
    """The fused form is the two calls in one."""
    run_id = world.queue(project)
    run = world.row("select * from ops.claim_and_start_runs(p_worker_id => 'w1')")
    assert (run["id"], run["status"], run["attempt"]) == (run_id, "running", 1)
    assert world.complete(run_id) == "succeeded"
    assert world.value("select ops.verify_run_chain(%s)", run_id)


def test_a_claim_needs_a_name_and_a_lease(world: World) -> None:
    """A nameless worker could not be told apart."""
    with refused("PT400"):
        world.claim(worker="")
    with refused("PT400"):
        world.claim(lease_seconds=0)


@pytest.mark.measures
def test_a_plan_made_for_an_empty_table_still_serves_a_full_one(world: World, project: UUID) -> None:
    """Workers keep their connection for weeks: no call may go on reading the whole table."""
    worker = world.worker()

    def live(count: int) -> None:
        for number in range(count):
            run_id = world.queue(project, f"feature/{number}")
            (run,) = worker.claim()
            worker.start(run_id, run["attempt"])
            worker.value("select ops.heartbeat_run(%s, 'w1', 1)", run_id)
            worker.rows("select ops.append_event(%s, 'info', 'x')", run_id)
            worker.complete(run_id)

    def whole_reads() -> object:
        worker.rows("select pg_stat_force_next_flush()")
        query = "select seq_scan from pg_stat_all_tables where relid = 'ops.runs'::regclass"
        return world.value(query)

    live(8)
    before = whole_reads()
    live(8)
    assert whole_reads() == before
