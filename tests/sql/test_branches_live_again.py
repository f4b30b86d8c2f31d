"""Branches that come back, go back, or of which a delivery is lost, late or told twice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.sql.pushes import ZERO, Branch, sha
from tests.sql.world import World

A, B, C, D = (sha(letter) for letter in "abcd")


@pytest.fixture(params=["feature/a", "release/1", "fix"])
def branch(request: pytest.FixtureRequest, world: World) -> Branch:
    """Yield a branch of a project that has a webhook and is not polled."""
    world.project(poll_enabled=False)
    return Branch(world, "shop", request.param)


def newest(branch: Branch) -> tuple[str, str | None, str]:
    """Return kind, commit and state of the newest run of the branch."""
    run = branch.runs()[-1]
    return run["kind"], run["git_sha"], run["status"]


@pytest.mark.parametrize("back_at", [A, B])
def test_a_branch_that_was_deleted_and_comes_back_is_deployed(branch: Branch, back_at: str) -> None:
    """Restored by the forge or pushed again, on the same commit or another: the waiting destruction is superseded."""
    branch.tell((ZERO, A), (A, ZERO))
    assert branch.tell((ZERO, back_at)) == ["queued"]
    assert newest(branch) == ("deploy", back_at, "queued")
    assert [run["status"] for run in branch.runs()] == ["canceled", "canceled", "queued"]
    assert branch.head() == back_at


def test_a_branch_that_comes_back_while_it_is_destroyed_is_deployed_after_it(branch: Branch) -> None:
    """The destruction at work ends, and the branch gets its next environment."""
    branch.tell((ZERO, A), (A, ZERO))
    (destroy,) = branch.claim()
    branch.tell((ZERO, A))
    branch.finish(destroy)
    assert newest(branch) == ("deploy", A, "queued")
    (deploy,) = branch.claim()
    assert (deploy["kind"], deploy["partition_key"]) == ("deploy", f"shop/{branch.name}~2")


def test_a_destruction_given_up_yields_to_the_branch_that_came_back(branch: Branch) -> None:
    """Its worker died: the environment that is wanted again is not destroyed a second time."""
    branch.tell((ZERO, A), (A, ZERO))
    branch.claim()
    branch.tell((ZERO, A))
    branch.world.expire_leases()
    branch.world.rows("select * from ops.requeue_expired_runs()")
    assert [run["kind"] for run in branch.claim()] == ["deploy"]


def test_a_branch_whose_environment_expired_comes_back(branch: Branch) -> None:
    """Its deletion was lost, and its last commit is also its next one."""
    branch.tell((ZERO, A))
    branch.settle()
    branch.world.queue(branch.project, branch.name, A, p_kind="destroy")
    branch.settle()
    assert branch.tell((ZERO, A)) == ["queued"]
    assert newest(branch) == ("deploy", A, "queued")


@pytest.mark.parametrize(
    ("told", "head"),
    [
        ([(ZERO, A), (A, B), (B, A), (C, B)], B),
        ([(ZERO, A), (A, B), (ZERO, A)], A),
        ([(ZERO, A), (C, A), (C, B)], B),
        ([(ZERO, A), (A, B), (B, C), (C, A), (D, C)], C),
    ],
)
def test_a_branch_goes_back_although_a_delivery_was_lost(
    branch: Branch, told: list[tuple[str, str]], head: str
) -> None:
    """What the branch left as often as it came there is no old news."""
    outcomes = branch.tell(*told)
    assert (outcomes[-1], branch.head()) == ("queued", head)
    assert newest(branch) == ("deploy", head, "queued")
    assert branch.is_doubted()


@pytest.mark.parametrize(
    ("told", "head"),
    [
        ([(ZERO, A), (B, C), (A, B)], C),
        ([(A, B), (ZERO, A)], B),
        ([(ZERO, A), (A, B), (B, C), (A, B)], C),
        ([(ZERO, A), (ZERO, B), (A, ZERO)], B),
        ([(ZERO, A), (C, D), (B, C), (A, B)], D),
        ([(ZERO, A), (A, B), (B, ZERO), (ZERO, A), (A, C), (A, B)], C),
    ],
)
def test_what_is_late_does_not_move_the_head_back(branch: Branch, told: list[tuple[str, str]], head: str) -> None:
    """Overtaken by one delivery, by several, or told a second time by another webhook of the repository."""
    outcomes = branch.tell(*told)
    assert (outcomes[-1], branch.head()) == ("stale", head)
    assert newest(branch)[:2] == ("deploy", head)


def test_deliveries_that_overtook_the_answer_of_the_repository_are_no_old_news(branch: Branch) -> None:
    """The repository was asked between the push and its delivery, and knew the newest commit already."""
    branch.tell((ZERO, A))
    branch.receive(A, B)
    branch.receive(B, C)
    branch.answer(C)
    assert branch.apply() == ["stale", "unchanged"]
    assert [run["git_sha"] for run in branch.runs()] == [A, C]


def test_only_the_repository_is_believed_when_the_deletion_of_an_unknown_head_is_told(branch: Branch) -> None:
    """Nothing is destroyed on a doubtful word; the answer decides."""
    branch.tell((ZERO, A))
    assert branch.tell((B, ZERO)) == ["stale"]
    assert branch.head() == A
    assert branch.is_doubted()
    branch.answer(None)
    assert newest(branch)[0] == "destroy"
    assert not branch.is_doubted()


def test_a_late_deletion_does_not_destroy_the_next_life_of_the_branch(branch: Branch) -> None:
    """It came back on the same commit, which tells the two lives not apart."""
    branch.tell((ZERO, A), (ZERO, A))
    assert branch.tell((A, ZERO)) == ["stale"]
    assert branch.head() == A
    assert branch.is_doubted()


def test_a_branch_that_goes_again_while_it_is_destroyed_leaves_no_work_behind(branch: Branch) -> None:
    """It came and went while its environment was taken down: what waited for the next one has nothing to wait for."""
    branch.tell((ZERO, A), (A, ZERO))
    (destroy,) = branch.claim()
    branch.tell((ZERO, B), (B, ZERO))
    branch.finish(destroy)
    assert branch.claim() == []
    assert branch.world.rows("select id from ops.environments where destroyed_at is null") == []


def test_a_doubt_is_settled_by_asking_although_the_project_is_not_polled(branch: Branch) -> None:
    """Once, and only the branches of which deliveries told are followed."""
    branch.tell((ZERO, A), (B, C))
    assert branch.is_doubted()
    branch.answer(D, other__branch=A, feature__unheard=B)
    assert newest(branch) == ("deploy", D, "queued")
    assert not branch.is_doubted()
    assert branch.world.rows("select branch from ops.branch_heads where branch <> %s", branch.name) == []


def test_what_fits_is_no_doubt(branch: Branch) -> None:
    """A repository is not asked after every push."""
    branch.tell((ZERO, A), (A, B), (B, A), (A, ZERO), (ZERO, C), (C, ZERO))
    assert not branch.is_doubted()


def test_a_doubt_waits_where_the_repository_does_not_answer(branch: Branch) -> None:
    """It is asked again in its time and not at every tick."""
    branch.tell((ZERO, A), (B, C))
    branch.world.rows("select ops.record_poll_failure(%s, 'no answer')", branch.project)
    assert not branch.is_doubted()
    branch.world.rows("update ops.projects set poll_failed_at = now() - interval '1 hour'")
    assert branch.is_doubted()


def test_a_doubt_that_came_while_the_repository_answered_stays(branch: Branch) -> None:
    """The answer may be older than the delivery."""
    branch.tell((ZERO, A))
    asked_at = branch.now()
    branch.tell((B, C))
    branch.answer(A, asked_at=asked_at)
    assert branch.head() == C
    assert branch.is_doubted()


def test_an_answer_older_than_a_deletion_does_not_undo_it(branch: Branch) -> None:
    """The branch was still there when the repository was asked."""
    branch.tell((ZERO, A))
    asked_at = branch.now()
    branch.tell((A, ZERO))
    branch.answer(A, asked_at=asked_at)
    assert branch.head() is None
    assert newest(branch) == ("destroy", None, "queued")


def test_production_that_comes_back_is_built(world: World) -> None:
    """Its deletion left it alone, and so does its return."""
    world.project(poll_enabled=False)
    main = Branch(world, "shop", "main")
    assert main.tell((ZERO, A), (A, ZERO), (ZERO, A)) == ["queued", "production stays", "joined"]
    main.settle()
    assert main.tell((A, ZERO), (ZERO, A)) == ["production stays", "queued"]
    assert newest(main) == ("build", A, "queued")


def test_each_project_of_a_repository_judges_by_its_own_head(world: World) -> None:
    """A project that was made later knows less."""
    world.project(poll_enabled=False)
    branch = Branch(world, "shop", "feature/a")
    branch.tell((ZERO, A), (A, B))
    other: UUID = world.value(
        "select id from ops.create_project('blog', 'https://github.com/acme/shop.git', '18.0', p_poll_enabled => false)"
    )
    assert branch.tell((B, C)) == ["queued", "queued"]
    doubted: list[Any] = world.rows("select id from ops.projects where doubted_at is not null")
    assert [row["id"] for row in doubted] == [other]
