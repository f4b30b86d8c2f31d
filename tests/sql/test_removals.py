"""The removal of an environment waits behind no build, neither for room nor for the environment."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.sql.world import World, refused


def removals(world: World, at_once: int = 2) -> list[UUID]:
    """Claim removals and return their ids."""
    return [row["id"] for row in world.rows("select id from ops.claim_short_runs('w1', %s)", at_once)]


def test_a_removal_takes_no_room_of_builds(world: World, project: UUID) -> None:
    """It is claimed though builds wait longer, and its environment's waiting build goes."""
    world.work(project, "feature/a")
    world.queue(project, "feature/b")
    build = world.queue(project, "feature/c")
    removal = world.queue(project, "feature/c", p_kind="destroy")
    assert removals(world) == [removal]
    assert world.status(build) == "canceled"


def test_only_so_many_removals_are_at_work_at_once(world: World, project: UUID) -> None:
    """A project of many environments does not start as many processes."""
    for number in range(4):
        world.queue(project, f"feature/{number}")
        world.queue(project, f"feature/{number}", p_kind="destroy")
    first = removals(world)
    assert len(first) == 2
    assert removals(world) == []
    world.start(first[0])
    world.complete(first[0])
    assert len(removals(world)) == 1


def test_nothing_else_is_claimed_as_a_removal(world: World, project: UUID) -> None:
    """Builds keep to the room that there is."""
    world.queue(project, "feature/a")
    assert removals(world) == []
    with refused("PT400"):
        world.queue(project, "feature/a", p_kind="destroy")
        world.rows("select ops.claim_short_runs('', 1)")


@pytest.mark.parametrize("kind", ["build", "test", "deploy", "clone"])
def test_a_removal_asks_the_work_to_end_whose_result_nobody_needs(world: World, project: UUID, kind: str) -> None:
    """The environment shows `destroying` at once, and its build ends at the next heartbeat."""
    working = world.work(project, p_kind=kind)
    waiting = world.queue(project, p_kind="test")
    removal = world.queue(project, p_kind="destroy")
    assert world.value("select status from ops.v_environment_overview") == "destroying"
    assert world.value("select ops.heartbeat_run(%s, 'w1', 1)", working) is True
    assert world.messages(working)[-1] == "cancel requested: superseded by #3"
    assert world.status(waiting) == "canceled"
    world.rows("select ops.complete_workflow_run(%s, 130, p_attempt => 1, p_canceled => true)", working)
    assert removals(world) == [removal]


def test_a_removal_lets_a_backup_end(world: World, project: UUID) -> None:
    """What saves data is not interrupted."""
    working = world.work(project, p_kind="backup")
    world.queue(project, p_kind="destroy")
    assert world.value("select ops.heartbeat_run(%s, 'w1', 1)", working) is False
    assert removals(world) == []


def test_a_push_after_the_removal_was_queued_brings_the_environment_back(world: World, project: UUID) -> None:
    """The newer deployment supersedes the removal, and the environment is what it was."""
    world.queue(project)
    world.queue(project, p_kind="destroy")
    world.queue(project, sha="b" * 40)
    assert world.value("select status from ops.v_environment_overview") == "pending"
