"""What a push becomes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.sql.world import World, connect, refused

ZERO = "0" * 40
REPO = "https://github.com/acme/shop.git"


def sha(letter: str) -> str:
    """Return a commit's name."""
    return letter * 40


def push(
    world: World,
    branch: str,
    commit: str,
    *,
    before: str = ZERO,
    repo: str = REPO,
    delivery: str = "",
    event: str = "push",
) -> str:
    """Deliver a push and return what it is taken for."""
    ref = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
    return str(
        world.row(
            "select * from ops.receive_push(%s, %s, %s, %s, %s, %s, p_pusher => 'ann')",
            delivery or uuid4().hex, event, repo, ref, commit, before,
        )["outcome"]
    )  # fmt: skip


def apply(world: World) -> list[dict[str, Any]]:
    """Act on what was delivered."""
    return world.rows("select * from ops.apply_pushes()")


def heads(world: World, project: UUID, **branches: str) -> list[dict[str, Any]]:
    """Record what a repository says of its branches, and return the runs that follow."""
    named = {name.replace("__", "/"): commit for name, commit in branches.items()}
    rows = world.rows("select ops.record_branch_heads(%s, %s) as id", project, json.dumps(named))
    return [world.run(row["id"]) for row in rows]


@pytest.mark.parametrize(
    ("branch", "kind", "stage"),
    [
        ("feature/invoices/v2", "deploy", "development"),
        ("fix-typo", "deploy", "development"),
        ("release/1.0", "deploy", "staging"),
        ("main", "build", "production"),
    ],
)
def test_a_push_becomes_an_environment_and_a_run(
    world: World, project: UUID, branch: str, kind: str, stage: str
) -> None:
    """Previews and staging are deployed; production is built."""
    assert push(world, branch, sha("a")) == "accepted"
    (applied,) = apply(world)
    run = world.run(applied["run_id"])
    assert (applied["outcome"], run["kind"], run["git_sha"]) == ("queued", kind, sha("a"))
    assert (run["trigger"], run["requested_by"], run["git_ref"]) == ("push", "ann", f"refs/heads/{branch}")
    environment = world.row("select * from ops.environments where project_id = %s", project)
    assert (environment["partition_key"], environment["stage"]) == (f"shop/{branch}", stage)


def test_two_pushes_to_one_branch_within_a_second_make_one_environment_with_the_newest_commit(
    world: World, project: UUID
) -> None:
    """The older one is superseded before it starts."""
    push(world, "feature/a", sha("a"))
    push(world, "feature/a", sha("b"), before=sha("a"))
    first, second = apply(world)
    assert world.value("select count(*) from ops.environments where project_id = %s", project) == 1
    assert world.status(first["run_id"]) == "canceled"
    assert [row["git_sha"] for row in world.claim(5)] == [sha("b")]
    assert world.status(second["run_id"]) == "claimed"


def test_pushes_delivered_in_the_wrong_order_end_at_the_newest_commit(world: World, project: UUID) -> None:
    """A push that was overtaken is stale."""
    push(world, "feature/a", sha("0")[:-1] + "1")
    apply(world)
    push(world, "feature/a", sha("b"), before=sha("a"))
    push(world, "feature/a", sha("a"), before=sha("0")[:-1] + "1")
    assert [row["outcome"] for row in apply(world)] == ["queued", "stale"]
    assert world.value("select sha from ops.branch_heads where project_id = %s", project) == sha("b")
    assert [row["git_sha"] for row in world.claim(5)] == [sha("b")]


def test_a_forced_push_back_to_an_old_commit_is_followed(world: World, project: UUID) -> None:
    """Going back is a movement like any other."""
    push(world, "feature/a", sha("a"))
    push(world, "feature/a", sha("b"), before=sha("a"))
    push(world, "feature/a", sha("a"), before=sha("b"))
    assert [row["outcome"] for row in apply(world)] == ["queued"] * 3
    assert [row["git_sha"] for row in world.claim(5)] == [sha("a")]
    assert world.value("select sha from ops.branch_heads where project_id = %s", project) == sha("a")


def test_a_replayed_delivery_is_harmless(world: World, project: UUID) -> None:
    """By its id, and by its content under another id."""
    assert push(world, "feature/a", sha("a"), delivery="d1") == "accepted"
    assert push(world, "feature/a", sha("a"), delivery="d1") == "duplicate"
    apply(world)
    assert push(world, "feature/a", sha("a"), delivery="d1") == "duplicate"
    assert push(world, "feature/a", sha("a"), delivery="d2") == "accepted"
    assert [row["outcome"] for row in apply(world)] == ["unchanged"]
    assert world.value("select count(*) from ops.runs where project_id = %s", project) == 1


def test_deletions_destroy_the_preview(world: World, project: UUID) -> None:
    """A branch that is gone takes its waiting work along."""
    push(world, "feature/a", sha("a"))
    push(world, "feature/a", ZERO, before=sha("a"))
    deploy, destroy = apply(world)
    assert world.status(deploy["run_id"]) == "canceled"
    (run,) = world.claim(5)
    assert (run["id"], run["kind"]) == (destroy["run_id"], "destroy")
    world.start(run["id"])
    world.rows("select ops.record_destruction(%s, 1)", run["id"])
    world.complete(run["id"])
    environment = world.row("select status, destroyed_at from ops.environments where project_id = %s", project)
    assert environment["status"] == "destroyed"
    assert world.rows("select * from ops.branch_heads") == []


def test_a_deletion_told_twice_destroys_once(world: World, project: UUID) -> None:
    """By two deliveries, or by a delivery and by asking."""
    push(world, "feature/a", sha("a"))
    push(world, "feature/a", ZERO, before=sha("a"))
    push(world, "feature/a", ZERO, before=sha("a"))
    assert [row["outcome"] for row in apply(world)] == ["queued", "queued", "unchanged"]
    assert [run["kind"] for run in heads(world, project, main=sha("c"))] == ["build"]


def test_the_deletion_of_the_default_branch_leaves_production_alone(world: World, project: UUID) -> None:
    """Production is not taken down by a push."""
    assert project
    push(world, "main", sha("a"))
    push(world, "main", ZERO, before=sha("a"))
    assert [row["outcome"] for row in apply(world)] == ["queued", "production stays"]


def test_a_branch_that_comes_back_is_the_next_generation(world: World, project: UUID) -> None:
    """Dagster would show the old partition as green."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    destroy = world.work(project, p_kind="destroy")
    world.rows("select ops.record_destruction(%s, 1)", destroy)
    world.complete(destroy)
    assert world.run(world.queue(project))["partition_key"] == "shop/feature/a~2"


def test_a_deletion_that_arrives_after_the_branch_came_back_is_stale(world: World, project: UUID) -> None:
    """The new preview stays."""
    push(world, "feature/a", sha("a"))
    apply(world)
    push(world, "feature/a", sha("b"))
    push(world, "feature/a", ZERO, before=sha("a"))
    assert [row["outcome"] for row in apply(world)] == ["queued", "stale"]
    assert [row["git_sha"] for row in world.claim(5)] == [sha("b")]
    assert world.value("select count(*) from ops.branch_heads where project_id = %s", project) == 1


def test_work_that_waited_for_a_destroyed_environment_goes_to_its_successor(world: World, project: UUID) -> None:
    """A branch that is pushed again while its preview is destroyed gets a new one."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    destroy = world.work(project, p_kind="destroy")
    waiting = world.queue(project, sha="b" * 40)
    world.rows("select ops.record_destruction(%s, 1)", destroy)
    world.complete(destroy)
    (run,) = world.claim(5)
    assert (run["partition_key"], run["git_sha"], run["retry_of"]) == ("shop/feature/a~2", sha("b"), waiting)
    assert world.run(waiting)["error_message"] == "its environment was destroyed"


def test_pushes_to_unknown_repositories_are_recorded_and_nothing_else(world: World, project: UUID) -> None:
    """Somebody else's push is not ours to build."""
    assert push(world, "main", sha("a"), repo="https://github.com/acme/other.git") == "unknown_project"
    assert apply(world) == []
    assert world.value("select outcome from ops.push_deliveries") == "unknown_project"
    assert world.value("select count(*) from ops.runs where project_id = %s", project) == 0


@pytest.mark.parametrize(("ref", "event"), [("refs/pull/1/head", "push"), ("refs/tags/", "push"), ("main", "ping")])
def test_other_refs_and_events_are_recorded_and_ignored(world: World, project: UUID, ref: str, event: str) -> None:
    """Only branches and tags run."""
    assert push(world, ref, sha("a"), event=event) == "ignored"
    assert apply(world) == []
    assert world.value("select count(*) from ops.runs where project_id = %s", project) == 0


@pytest.mark.parametrize(
    "repo",
    [
        "git@github.com:acme/shop.git", "ssh://git@github.com/acme/shop", "https://GitHub.com/acme/shop/",
        "https://x-access-token:secret@github.com/acme/shop.git", "git://github.com/acme/shop.git",
    ],
)  # fmt: skip
def test_every_spelling_of_the_repository_finds_the_project(world: World, project: UUID, repo: str) -> None:
    """Forges and people write the same address differently."""
    assert push(world, "feature/a", sha("a"), repo=repo) == "accepted"
    assert world.value("select count(*) from ops.projects where id = %s", project) == 1


def test_two_projects_of_one_repository_both_follow_it(world: World, project: UUID) -> None:
    """One repository may hold several products."""
    other = world.value("select id from ops.create_project('blog', %s, '18.0')", REPO)
    push(world, "feature/a", sha("a"))
    assert {world.run(row["run_id"])["project_id"] for row in apply(world)} == {project, other}


def test_a_malformed_delivery_leaves_nothing(world: World, project: UUID) -> None:
    """What cannot be understood is refused whole."""
    for commit in ("", "zzz", "a" * 39):
        with refused("PT400"):
            push(world, "feature/a", commit)
    assert world.value("select count(*) from ops.push_deliveries where %s::uuid is not null", project) == 0


def test_a_push_that_cannot_be_applied_holds_up_no_other(world: World, project: UUID) -> None:
    """It says why, and the next one goes on."""
    world.connection.execute("alter table ops.environments add check (branch <> 'feature/bad')")
    push(world, "feature/bad", sha("a"))
    push(world, "feature/good", sha("a"))
    assert [row["outcome"] for row in apply(world)] == ["error", "queued"]
    row = world.row(
        "select outcome, error from ops.push_deliveries where ref like '%%bad' and %s::uuid is not null", project
    )
    assert row["outcome"] == "error"
    assert row["error"]


def test_pushes_applied_by_many_at_once_make_each_run_once(world: World, project: UUID) -> None:
    """The gateway and the sensor both apply."""
    for number in range(10):
        push(world, f"feature/{number}", sha("a"))

    def one(_: int) -> None:
        with connect(world.worker_url) as connection:
            connection.execute("select * from ops.apply_pushes()")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    apply(world)
    assert world.value("select count(*) from ops.runs where project_id = %s", project) == 10


def test_asking_a_repository_queues_what_moved_and_nothing_else(world: World, project: UUID) -> None:
    """Polling sees what a webhook would have told."""
    runs = heads(world, project, main=sha("a"), feature__a=sha("a"), release__1=sha("a"), wip=sha("a"))
    assert [(run["partition_key"], run["kind"]) for run in runs] == [
        ("shop/feature/a", "deploy"), ("shop/main", "build"), ("shop/release/1", "deploy"),
    ]  # fmt: skip
    assert heads(world, project, main=sha("a"), feature__a=sha("a"), release__1=sha("a"), wip=sha("a")) == []
    moved = heads(world, project, main=sha("a"), feature__a=sha("b"), wip=sha("b"))
    assert [(run["partition_key"], run["kind"]) for run in moved] == [
        ("shop/feature/a", "deploy"), ("shop/release/1", "destroy"), ("shop/wip", "deploy"),
    ]  # fmt: skip


def test_an_empty_answer_is_not_believed(world: World, project: UUID) -> None:
    """It would destroy everything."""
    heads(world, project, feature__a=sha("a"))
    for answer in ("{}", "[]", "null"):
        with refused("PT400"):
            world.rows("select ops.record_branch_heads(%s, %s)", project, answer)
    assert world.value("select count(*) from ops.runs where kind = 'destroy'") == 0


def test_an_answer_older_than_a_push_does_not_undo_it(world: World, project: UUID) -> None:
    """The webhook was faster than the poll that had begun before it."""
    heads(world, project, main=sha("c"), feature__a=sha("a"))
    asked_at = world.value("select clock_timestamp()")
    push(world, "feature/a", sha("b"), before=sha("a"))
    push(world, "feature/new", sha("b"))
    apply(world)
    answer = json.dumps({"main": sha("c"), "feature/a": sha("a")})
    assert world.rows("select ops.record_branch_heads(%s, %s, %s)", project, answer, asked_at) == []
    heads_now = {row["branch"]: row["sha"] for row in world.rows("select branch, sha from ops.branch_heads")}
    assert heads_now == {"main": sha("c"), "feature/a": sha("b"), "feature/new": sha("b")}


def test_projects_are_polled_when_due(world: World, project: UUID) -> None:
    """Each as often as asked, archived and switched-off ones never."""
    world.project("silent", poll_enabled=False)
    due = "select slug from ops.projects_to_poll(30)"
    assert [row["slug"] for row in world.rows(due)] == ["shop"]
    heads(world, project, main=sha("a"))
    assert world.rows(due) == []
    world.rows("update ops.projects set last_polled_at = now() - interval '1 minute'")
    assert [row["slug"] for row in world.rows(due)] == ["shop"]
    world.rows("select ops.archive_project('shop')")
    assert world.rows(due) == []
