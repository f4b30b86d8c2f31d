"""Branches that come back or go back, and deliveries that tell something else than the repository."""

from __future__ import annotations

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
    branch.move(A, ZERO, back_at)
    assert newest(branch) == ("deploy", back_at, "queued")
    assert [run["status"] for run in branch.runs()] == ["canceled", "canceled", "queued"]
    assert branch.head() == back_at


def test_a_branch_that_comes_back_while_it_is_destroyed_is_deployed_after_it(branch: Branch) -> None:
    """The destruction at work ends, and the branch gets its next environment."""
    branch.move(A, ZERO)
    (destroy,) = branch.claim()
    branch.move(A)
    branch.finish(destroy)
    assert newest(branch) == ("deploy", A, "queued")
    (deploy,) = branch.claim()
    assert (deploy["kind"], deploy["partition_key"]) == ("deploy", f"shop/{branch.name}~2")


def test_a_destruction_given_up_yields_to_the_branch_that_came_back(branch: Branch) -> None:
    """Its worker died: the environment that is wanted again is not destroyed a second time."""
    branch.move(A, ZERO)
    branch.claim()
    branch.move(A)
    branch.world.expire_leases()
    branch.world.rows("select * from ops.requeue_expired_runs()")
    assert [run["kind"] for run in branch.claim()] == ["deploy"]


def test_a_branch_whose_environment_expired_comes_back_when_it_is_pushed(branch: Branch) -> None:
    """Its deletion was lost, and its last commit is also its next one; an answer alone revives nothing."""
    branch.move(A)
    branch.settle()
    branch.world.queue(branch.project, branch.name, A, p_kind="destroy")
    branch.settle()
    branch.answer(A)
    assert newest(branch)[0] == "destroy"
    branch.tell(ZERO, A)
    branch.answer(A)
    assert newest(branch) == ("deploy", A, "queued")


@pytest.mark.parametrize("told", [(ZERO, A), (A, ZERO), (B, C), (B, ZERO)], ids=["old", "gone", "forged", "forged end"])
def test_a_delivery_that_the_repository_does_not_confirm_changes_nothing(branch: Branch, told: tuple[str, str]) -> None:
    """Kept, late, told twice or made up: the repository is asked, and its branch has not moved."""
    branch.move(A, B)
    branch.settle()
    before = branch.runs()
    branch.tell(*told)
    assert branch.is_due()
    assert branch.runs() == before
    branch.answer(B)
    assert (branch.head(), branch.runs()) == (B, before)
    assert not branch.is_due()


def test_a_delivery_alone_moves_no_branch(branch: Branch) -> None:
    """Where the repository does not answer, its branches stay where they are until it does."""
    branch.move(A)
    branch.tell(A, ZERO)
    branch.tell(A, B)
    assert branch.head() == A
    assert [run["git_sha"] for run in branch.runs()] == [A]
    branch.world.rows("select ops.record_poll_failure(%s, 'no answer')", branch.project)
    assert not branch.is_due()
    branch.world.rows("update ops.projects set poll_failed_at = now() - interval '1 hour'")
    assert branch.is_due()


def test_a_lost_deletion_is_noticed_with_the_next_delivery(branch: Branch) -> None:
    """Whatever it tells, all the branches are looked at."""
    branch.move(A)
    branch.tell(B, C)
    branch.answer(None)
    assert newest(branch)[0] == "destroy"


def test_a_branch_that_goes_again_while_it_is_destroyed_leaves_no_work_behind(branch: Branch) -> None:
    """It came and went while its environment was taken down: what waited for the next one has nothing to wait for."""
    branch.move(A, ZERO)
    (destroy,) = branch.claim()
    branch.move(B, ZERO)
    branch.finish(destroy)
    assert branch.claim() == []
    assert branch.world.rows("select id from ops.environments where destroyed_at is null") == []


def test_only_branches_that_were_delivered_are_followed_where_nobody_polls(branch: Branch) -> None:
    """The repository is asked after a delivery, and not again."""
    branch.tell(ZERO, A)
    assert branch.is_due()
    branch.answer(D, other__branch=A, feature__unheard=B)
    assert newest(branch) == ("deploy", D, "queued")
    assert not branch.is_due()
    assert branch.world.rows("select branch from ops.branch_heads where branch <> %s", branch.name) == []


def test_a_delivery_that_came_while_the_repository_answered_is_asked_for_again(branch: Branch) -> None:
    """The answer may be older than the delivery."""
    branch.move(A)
    asked_at = branch.now()
    branch.tell(A, B)
    branch.answer(A, asked_at=asked_at)
    assert branch.is_due()
    branch.answer(B)
    assert (branch.head(), branch.is_due()) == (B, False)


@pytest.mark.parametrize("newer", [B, ZERO])
def test_an_answer_older_than_another_changes_nothing(branch: Branch, newer: str) -> None:
    """It was on its way while the branch moved or went, and the repository was asked again."""
    branch.move(A)
    asked_at = branch.now()
    branch.move(newer)
    before = branch.runs()
    branch.answer(A, asked_at=asked_at)
    assert ((branch.head() or ZERO), branch.runs()) == (newer, before)


def test_production_that_comes_back_is_built(world: World) -> None:
    """Its deletion left it alone, and so does its return."""
    world.project(poll_enabled=False)
    main = Branch(world, "shop", "main")
    main.move(A, ZERO, A)
    assert newest(main) == ("build", A, "queued")
    assert len(main.runs()) == 1
    main.settle()
    main.move(ZERO, A)
    assert [run["kind"] for run in main.runs()] == ["build", "build"]
    assert newest(main) == ("build", A, "queued")


def test_each_project_of_a_repository_is_asked_for(world: World) -> None:
    """A project that was made later knows less, and follows its own answers."""
    world.project(poll_enabled=False)
    branch = Branch(world, "shop", "feature/a")
    branch.move(A)
    other: UUID = world.value(
        "select id from ops.create_project('blog', 'https://github.com/acme/shop.git', '18.0', p_poll_enabled => false)"
    )
    branch.tell(A, B)
    due = world.rows("select id from ops.projects where notified_at is not null")
    assert {row["id"] for row in due} == {branch.project, other}
    branch.answer(B)
    due = world.rows("select id from ops.projects where notified_at is not null")
    assert [row["id"] for row in due] == [other]
