"""What a push becomes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
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
    body: str | None = None,
    project: UUID | None = None,
) -> str:
    """Deliver a push and return what it is taken for; `body` is what was signed, `project` whose secret signed it."""
    ref = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
    signed = None if body is None else sha256(body.encode()).hexdigest()
    return str(
        world.row(
            "select * from ops.receive_push(%s, %s, %s, %s, %s, %s, p_pusher => 'ann', p_body_sha256 => %s,"
            " p_project_id => %s)",
            delivery or uuid4().hex, event, repo, ref, commit, before, signed, project,
        )["outcome"]
    )  # fmt: skip


def apply(world: World) -> list[str]:
    """Act on what was delivered, and return what it was taken for."""
    return [row["outcome"] for row in world.rows("select * from ops.apply_pushes()")]


def answer(world: World, project: UUID, heads: dict[str, str]) -> list[dict[str, Any]]:
    """Record what a repository says of its branches, and return the runs that follow."""
    rows = world.rows("select ops.record_branch_heads(%s, %s) as id", project, json.dumps(heads))
    return [world.run(row["id"]) for row in rows]


def heads(world: World, project: UUID, **branches: str) -> list[dict[str, Any]]:
    """Record what a repository says of these branches, and return the runs that follow."""
    return answer(world, project, {name.replace("__", "/"): commit for name, commit in branches.items()})


def due(world: World) -> list[str]:
    """Return the projects whose repositories a delivery named."""
    return [row["slug"] for row in world.rows("select slug from ops.projects where notified_at is not null order by 1")]


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
    """Previews and staging are deployed; production is built; whoever pushed asked for it."""
    assert push(world, branch, sha("a")) == "accepted"
    assert apply(world) == ["due"]
    (run,) = answer(world, project, {branch: sha("a")})
    assert (run["kind"], run["git_sha"]) == (kind, sha("a"))
    assert (run["trigger"], run["requested_by"], run["git_ref"]) == ("push", "ann", f"refs/heads/{branch}")
    environment = world.row("select * from ops.environments where project_id = %s", project)
    assert (environment["partition_key"], environment["stage"]) == (f"shop/{branch}", stage)


def test_a_push_makes_its_repository_due_at_once(world: World, project: UUID) -> None:
    """It decides nothing: until the repository has answered, no branch moves."""
    heads(world, project, main=sha("c"))
    push(world, "feature/a", sha("a"))
    assert apply(world) == ["due"]
    assert [row["slug"] for row in world.rows("select slug from ops.projects_to_poll(3600)")] == ["shop"]
    assert world.value("select count(*) from ops.branch_heads where branch = 'feature/a'") == 0
    assert [run["trigger"] for run in heads(world, project, main=sha("c"), feature__a=sha("a"))] == ["push"]
    assert world.rows("select slug from ops.projects_to_poll(3600)") == []


def test_two_pushes_to_one_branch_within_a_second_make_one_environment_with_the_newest_commit(
    world: World, project: UUID
) -> None:
    """The older one is superseded before it starts."""
    (first,) = heads(world, project, feature__a=sha("a"))
    push(world, "feature/a", sha("a"))
    push(world, "feature/a", sha("b"), before=sha("a"))
    assert apply(world) == ["due", "due"]
    (second,) = heads(world, project, feature__a=sha("b"))
    assert world.value("select count(*) from ops.environments where project_id = %s", project) == 1
    assert world.status(first["id"]) == "canceled"
    assert [(row["id"], row["git_sha"]) for row in world.claim(5)] == [(second["id"], sha("b"))]


def test_pushes_delivered_in_the_wrong_order_end_at_the_newest_commit(world: World, project: UUID) -> None:
    """Neither is believed."""
    push(world, "feature/a", sha("b"), before=sha("a"))
    push(world, "feature/a", sha("a"))
    apply(world)
    assert [run["git_sha"] for run in heads(world, project, feature__a=sha("b"))] == [sha("b")]


def test_a_forced_push_back_to_an_old_commit_is_followed(world: World, project: UUID) -> None:
    """Going back is a movement like any other."""
    for letter in "aba":
        heads(world, project, feature__a=sha(letter))
    assert [row["git_sha"] for row in world.claim(5)] == [sha("a")]
    assert world.value("select sha from ops.branch_heads where project_id = %s", project) == sha("a")


def test_a_replayed_delivery_does_nothing(world: World, project: UUID) -> None:
    """By its id, and by the body that was signed, under another id and long after."""
    assert push(world, "feature/a", sha("a"), delivery="d1", body="first") == "accepted"
    apply(world)
    heads(world, project, feature__a=sha("a"))
    heads(world, project, feature__a=sha("b"))
    world.rows("update ops.push_deliveries set received_at = now() - interval '1 year'")
    assert push(world, "feature/a", sha("a"), delivery="d1", body="another") == "duplicate"
    assert push(world, "feature/a", sha("a"), delivery="d2", body="first") == "duplicate"
    assert (apply(world), due(world)) == ([], [])


@pytest.mark.parametrize("commit", [sha("a"), ZERO], ids=["old commit", "deletion"])
def test_a_kept_delivery_deploys_and_destroys_nothing(world: World, project: UUID, commit: str) -> None:
    """Even where its body counts as new, as it does after a year: the repository says something else."""
    heads(world, project, main=sha("c"), feature__a=sha("b"))
    push(world, "feature/a", commit, before=sha("b"))
    apply(world)
    assert heads(world, project, main=sha("c"), feature__a=sha("b")) == []
    assert world.value("select sha from ops.branch_heads where branch = 'feature/a'") == sha("b")
    assert world.value("select count(*) from ops.environments where destroyed_at is null") == 2


def test_deletions_destroy_the_preview(world: World, project: UUID) -> None:
    """A branch that is gone takes its waiting work along."""
    (deploy,) = heads(world, project, feature__a=sha("a"))
    push(world, "feature/a", ZERO, before=sha("a"))
    apply(world)
    (destroy,) = (run for run in heads(world, project, main=sha("c")) if run["kind"] == "destroy")
    assert (destroy["trigger"], destroy["requested_by"]) == ("push", "ann")
    assert world.status(deploy["id"]) == "canceled"
    (run,) = (run for run in world.claim(5) if run["kind"] == "destroy")
    world.start(run["id"])
    world.rows("select ops.record_destruction(%s, 1)", run["id"])
    world.complete(run["id"])
    environment = world.row("select status from ops.environments where name = 'feature/a'")
    assert environment["status"] == "destroyed"
    assert world.rows("select * from ops.branch_heads where branch = 'feature/a'") == []


def test_a_deletion_told_twice_destroys_once(world: World, project: UUID) -> None:
    """By two deliveries, or by a delivery and by asking."""
    heads(world, project, main=sha("c"), feature__a=sha("a"))
    for _ in range(2):
        push(world, "feature/a", ZERO, before=sha("a"))
        apply(world)
    assert [run["kind"] for run in heads(world, project, main=sha("c"))] == ["destroy"]
    assert heads(world, project, main=sha("c")) == []


def test_the_deletion_of_the_default_branch_leaves_production_alone(world: World, project: UUID) -> None:
    """Production is not taken down by a push."""
    heads(world, project, main=sha("a"), feature__a=sha("a"))
    push(world, "main", ZERO, before=sha("a"))
    apply(world)
    assert heads(world, project, feature__a=sha("a")) == []


def test_a_branch_that_comes_back_is_the_next_generation(world: World, project: UUID) -> None:
    """Dagster would show the old partition as green."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    destroy = world.work(project, p_kind="destroy")
    world.rows("select ops.record_destruction(%s, 1)", destroy)
    world.complete(destroy)
    assert world.run(world.queue(project))["partition_key"] == "shop/feature/a~2"


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
    assert apply(world) == ["due"]
    assert due(world) == ["blog", "shop"]
    (theirs,) = heads(world, other, feature__a=sha("a"))
    (ours,) = heads(world, project, feature__a=sha("a"))
    assert [(run["project_id"], run["trigger"]) for run in (ours, theirs)] == [(project, "push"), (other, "push")]


def test_a_project_with_a_secret_of_its_own_hears_no_other(world: World, project: UUID) -> None:
    """What was signed with the platform's secret, which others know, is refused, and nobody is asked."""
    assert push(world, "feature/a", sha("a")) == "accepted"
    world.rows("select ops.record_webhook_secret(%s)", project)
    assert push(world, "feature/a", sha("b")) == "own_secret"
    assert push(world, "feature/a", sha("b"), project=project) == "accepted"


def test_the_secret_of_one_project_speaks_for_no_other(world: World, project: UUID) -> None:
    """Neither for another repository, nor for another project of its own repository."""
    other = world.project("blog")
    assert push(world, "feature/a", ZERO, before=sha("a"), project=other) == "unknown_project"
    twin = world.value("select id from ops.create_project('twin', %s, '18.0')", REPO)
    assert push(world, "feature/a", sha("a"), project=twin) == "accepted"
    apply(world)
    assert due(world) == ["twin"]
    assert [run["trigger"] for run in heads(world, project, feature__a=sha("a"))] == ["poll"]


def test_the_platforms_secret_speaks_for_the_projects_without_one(world: World, project: UUID) -> None:
    """Two projects of one repository, of which one has its own."""
    world.value("select id from ops.create_project('blog', %s, '18.0')", REPO)
    world.rows("select ops.record_webhook_secret(%s)", project)
    assert push(world, "feature/a", sha("a")) == "accepted"
    apply(world)
    assert due(world) == ["blog"]


def test_one_body_counts_once_for_each_secret(world: World, project: UUID) -> None:
    """A forge sends the same to the webhooks of two projects; neither is a repeat of the other."""
    other = world.value("select id from ops.create_project('blog', %s, '18.0')", REPO)
    secrets = (None, project, other)
    assert [push(world, "feature/a", sha("a"), body="it", project=one) for one in secrets] == ["accepted"] * 3
    assert [push(world, "feature/a", sha("a"), body="it", project=one) for one in secrets] == ["duplicate"] * 3


def test_a_malformed_delivery_leaves_nothing(world: World, project: UUID) -> None:
    """What cannot be understood is refused whole."""
    for commit in ("", "zzz", "a" * 39):
        with refused("PT400"):
            push(world, "feature/a", commit)
    assert world.value("select count(*) from ops.push_deliveries where %s::uuid is not null", project) == 0


def test_a_branch_that_cannot_be_followed_holds_up_no_other(world: World, project: UUID) -> None:
    """The project says why, and the branch is tried again with the next answer."""
    world.connection.execute("alter table ops.environments add constraint odd check (branch <> 'feature/bad')")
    push(world, "feature/bad", sha("a"))
    apply(world)
    followed = heads(world, project, feature__bad=sha("a"), feature__good=sha("a"))
    assert [run["git_ref"] for run in followed] == ["refs/heads/feature/good"]
    assert "feature/bad: " in world.value("select poll_error from ops.projects where id = %s", project)
    assert due(world) == ["shop"]
    world.connection.execute("alter table ops.environments drop constraint odd")
    tried = heads(world, project, feature__bad=sha("a"), feature__good=sha("a"))
    assert [run["git_ref"] for run in tried] == ["refs/heads/feature/bad"]
    assert (world.value("select poll_error from ops.projects where id = %s", project), due(world)) == (None, [])


def test_pushes_applied_by_many_at_once_are_applied_once(world: World, project: UUID) -> None:
    """Nobody waits for another one's."""
    for number in range(10):
        push(world, f"feature/{number}", sha("a"))

    def one(_: int) -> int:
        with connect(world.worker_url) as connection:
            return len(connection.execute("select * from ops.apply_pushes()").fetchall())

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 10
    assert len(answer(world, project, {f"feature/{number}": sha("a") for number in range(10)})) == 10


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


def test_an_answer_older_than_another_changes_nothing(world: World, project: UUID) -> None:
    """The repository was asked again meanwhile, and answered."""
    heads(world, project, main=sha("c"), feature__a=sha("a"))
    asked_at = world.value("select clock_timestamp()")
    heads(world, project, main=sha("c"), feature__a=sha("b"), feature__new=sha("b"))
    older = json.dumps({"main": sha("c"), "feature/a": sha("a")})
    assert world.rows("select ops.record_branch_heads(%s, %s, %s)", project, older, asked_at) == []
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
