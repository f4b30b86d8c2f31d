"""Whose run goes first: projects share the workers, people go before polls, and one commit is worked on once."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from tests.sql.pushes import Branch, sha
from tests.sql.world import Caller, World


def claimed(world: World, count: int) -> list[str]:
    """Claim runs one after the other, as workers that become free, and return them by project and number."""
    runs = [run for _ in range(count) for run in world.claim()]
    return [f"{run['project_slug']}#{run['run_number']}" for run in runs]


def poll(world: World, project: UUID, **heads: str) -> list[dict[str, object]]:
    """Record a repository's answer, in which `__` replaces a slash, and return the runs that it queued."""
    answer = json.dumps({name.replace("__", "/"): commit for name, commit in heads.items()})
    rows = world.rows("select ops.record_branch_heads(%s, %s) as id", project, answer)
    return [world.run(row["id"]) for row in rows]


def test_one_run_of_a_project_starts_before_the_third_of_another(world: World, project: UUID) -> None:
    """Twenty pushes of one project hold up nobody, also once two of them occupy both workers."""
    for number in range(20):
        world.queue(project, f"feature/{number}")
    assert claimed(world, 2) == ["shop#1", "shop#2"]
    world.queue(world.project("blog"), "feature/a")
    world.queue(world.project("wiki"), "feature/a")
    assert claimed(world, 4) == ["blog#1", "wiki#1", "shop#3", "shop#4"]


def test_projects_with_one_run_at_a_time_do_not_pass_a_backlog_for_ever(world: World, project: UUID) -> None:
    """Each of three projects gets its share of one worker, however it queues."""
    one, other = world.project("one"), world.project("other")
    for number in range(6):
        world.queue(project, f"feature/{number}")
    world.queue(one, "feature/0")
    world.queue(other, "feature/0")
    started = []
    for number in range(1, 10):
        (run,) = world.claim()
        world.start(run["id"], run["attempt"])
        world.complete(run["id"], attempt=run["attempt"])
        started.append(run["project_slug"])
        if run["project_slug"] != "shop":
            world.queue(run["project_id"], f"feature/{number}")
    assert [started.count(slug) for slug in ("shop", "one", "other")] == [3, 3, 3]


def test_runs_that_cannot_start_yet_set_no_turn(world: World, project: UUID) -> None:
    """Newcomers do not pass the others because one project waits for its own environment."""
    world.work(project, "feature/a", p_kind="test")
    world.queue(project, "feature/a", p_kind="test")
    busy = world.project("busy")
    for number in range(4):
        world.queue(busy, f"feature/{number}")
    claimed(world, 3)
    world.rows(
        "select ops.complete_workflow_run(id, 1, 'over') from ops.runs where kind = 'deploy' and status = 'claimed'"
    )
    world.queue(world.project("newcomer"), "feature/a")
    assert claimed(world, 2) == ["busy#4", "newcomer#1"]


def test_a_higher_priority_goes_before_every_turn(world: World, project: UUID) -> None:
    """Sharing is among equals."""
    for number in range(3):
        world.queue(project, f"feature/{number}")
    world.queue(world.project("blog"), "feature/a")
    world.queue(project, "feature/urgent", p_priority=5)
    assert claimed(world, 3) == ["shop#4", "shop#1", "blog#1"]


def test_a_persons_run_goes_before_those_of_a_poll(world: World, project: UUID) -> None:
    """Somebody waits for it, while a first poll queues every branch there is."""
    poll(world, project, main=sha("a"), feature__a=sha("a"), feature__b=sha("a"))
    world.queue(world.project("blog"), "feature/a", p_trigger="poll")
    mine = [world.queue(project, f"feature/mine-{number}", p_trigger="cli") for number in range(2)]
    order = [(run["project_slug"], run["id"] in mine) for _ in range(5) for run in world.claim()]
    assert [by_me for slug, by_me in order if slug == "shop"] == [True, True, False, False]
    assert "blog" in [slug for slug, _ in order[:2]]


def test_scheduled_work_does_not_pass_what_a_poll_queued(world: World, project: UUID) -> None:
    """Only people are in a hurry."""
    poll(world, project, feature__a=sha("a"))
    world.queue(project, "feature/b", p_trigger="schedule")
    assert claimed(world, 2) == ["shop#1", "shop#2"]


@pytest.mark.parametrize("working", [False, True])
def test_a_poll_joins_the_run_of_its_commit(world: World, project: UUID, *, working: bool) -> None:
    """What a person asked for with priority is neither superseded nor done twice."""
    asked = world.queue(project, "feature/a", sha("a"), p_priority=5, p_trigger="cli")
    if working:
        world.claim()
        world.start(asked)
    assert poll(world, project, feature__a=sha("a")) == []
    assert world.value("select count(*) from ops.runs") == 1
    assert (world.run(asked)["priority"], world.status(asked)) == (5, "running" if working else "queued")
    assert world.value("select sha from ops.branch_heads") == sha("a")


def test_a_delivery_joins_too(world: World, project: UUID) -> None:
    """The forge tells of the push a moment after the person who pushed asked for its run."""
    asked = world.queue(project, "feature/a", sha("a"), p_trigger="cli")
    branch = Branch(world, "shop", "feature/a")
    branch.move(sha("a"))
    assert [run["id"] for run in branch.runs()] == [asked]


def test_another_commit_kind_or_a_part_is_not_joined(world: World, project: UUID) -> None:
    """Only the same work is the same."""
    world.queue(project, "feature/commit", sha("b"))
    world.queue(project, "feature/kind", sha("a"), p_kind="build")
    world.queue(project, "feature/part", sha("a"), p_config='{"assets": ["source"]}')
    heads = {"feature__commit": sha("a"), "feature__kind": sha("a"), "feature__part": sha("a")}
    assert len(poll(world, project, **heads)) == 3


def test_a_run_with_newer_work_behind_it_is_not_joined(world: World, project: UUID) -> None:
    """A branch that went back is deployed at its old commit again, after what waits in between."""
    first = world.work(project, "feature/a")
    world.queue(project, "feature/a", sha("b"))
    (run,) = poll(world, project, feature__a=sha("a"))
    assert (world.status(first), run["status"]) == ("running", "queued")


def test_a_run_that_is_being_canceled_is_not_joined(world: World, project: UUID) -> None:
    """It will not do the work."""
    run_id = world.work(project, "feature/a")
    world.rows("select ops.cancel_run(%s)", run_id)
    assert len(poll(world, project, feature__a=sha("a"))) == 1


def finished(world: World, project: UUID, seconds: int, *, kind: str = "build", exit_code: int = 0) -> None:
    """Let a run of the project have worked that long."""
    run_id = world.work(project, "feature/past", p_kind=kind)
    world.rows("update ops.runs set started_at = clock_timestamp() - make_interval(secs => %s) where id = %s",
               seconds, run_id)  # fmt: skip
    world.complete(run_id, exit_code)


def test_the_queue_tells_how_long_such_runs_usually_work(world: World, project: UUID) -> None:
    """The median of the project's own successful runs of the kind."""
    for seconds in (10, 20, 600):
        finished(world, project, seconds)
    finished(world, project, 1, exit_code=1)
    finished(world, project, 1, kind="test")
    finished(world, world.project("blog"), 1)
    world.queue(project, "feature/a", p_kind="build")
    world.queue(project, "feature/b", p_kind="deploy")
    build, deploy = world.rows("select * from ops.list_queued_runs()")
    assert (build["usual_duration"].total_seconds(), deploy["usual_duration"]) == (20, None)


def test_old_runs_fade_from_the_usual_duration(world: World, project: UUID) -> None:
    """Only the last ten count."""
    for seconds in (*[900] * 6, *[30] * 10):
        finished(world, project, seconds)
    assert world.value("select ops.usual_duration(%s, 'build')", project).total_seconds() == 30


def test_people_are_told_the_usual_duration_of_their_own_projects(world: World, project: UUID) -> None:
    """How fast others work is their affair."""
    finished(world, project, 10)
    query = "select ops.usual_duration(%s, 'build')"
    assert world.person(world.member(project)).value(query, project).total_seconds() == 10
    assert world.person(world.member(world.project("blog"))).value(query, project) is None


def test_a_run_that_no_worker_fetches_says_so(world: World, project: UUID) -> None:
    """To its people too, who may not read the workers."""
    world.queue(project)
    person = world.person(world.member(project))
    world.rows("select ops.worker_heartbeat('w1', 'dagster')")
    assert person.row("select * from ops.list_queued_runs()")["waits_for"] == "a free worker"
    world.rows("update ops.workers set last_seen_at = '2026-02-13T12:00:00Z'")
    waits_for = person.row("select * from ops.list_queued_runs()")["waits_for"]
    assert waits_for == "a worker: none was heard of since 2026-02-13 12:00:00 UTC"


def test_people_polls_and_workers_do_not_block_each_other(world: World, project: UUID) -> None:
    """Places are exchanged while runs are queued, superseded and claimed: nobody waits for ever, nothing is lost."""

    def ask(worker: Caller, number: int) -> None:
        worker.queue(project, f"feature/{number % 4}", sha("c"), p_trigger="cli")

    def look(worker: Caller, number: int) -> None:
        heads = {f"feature/{branch}": sha("abdef"[number % 5]) for branch in range(4)}
        worker.rows("select ops.record_branch_heads(%s, %s)", project, json.dumps(heads))

    def work(worker: Caller, number: int) -> None:
        for run in worker.claim(1 + number % 2):
            worker.start(run["id"], run["attempt"])
            worker.complete(run["id"], attempt=run["attempt"])

    def repeat(what: Callable[[Caller, int], None]) -> None:
        worker = world.operator() if what is ask else world.worker()
        for number in range(12):
            what(worker, number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(repeat, [ask, ask, look, look, work, work]))
    worker = world.worker()
    while world.value("select count(*) from ops.runs where status = 'queued'"):
        work(worker, 1)
    assert world.rows("select id from ops.runs where status not in ('succeeded', 'canceled')") == []
