"""Which databases the record lets go: never one that serves, never one that a restore keeps to return to."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from tests.sql.backups import begin, restore, restore_of, verified
from tests.sql.world import SHA, World, refused

IMAGE = "sha256:" + "1" * 64


def deploy(world: World, project: UUID, database: str, env: str = "main", port: int = 8069) -> UUID:
    """Let the environment serve the database."""
    run = world.work(project, env)
    world.rows(
        "select ops.record_deployment(%s, 1, 'http://x', %s, %s, %s, %s)", run, port, database, IMAGE, SHA
    )  # fmt: skip
    world.complete(run)
    return run


def swap(world: World, project: UUID, database: str, env: str = "main", *, kept: str = "4 hours") -> UUID:
    """Restore a backup of the environment into the database, and return the restore."""
    restored = restore(world, verified(world, project, env), env)
    run = begin(world, restore_of(world, restored))
    world.rows("select * from ops.record_restore_start(%s, 1)", run)
    world.rows(
        "select * from ops.record_restore_swap(%s, 1, 'http://x', 8069, %s, %s, %s,"
        " p_keep_previous_until => now() + %s::interval)",
        run, database, IMAGE, SHA, kept,
    )  # fmt: skip
    world.complete(run)
    return restored


def let_go(world: World, *databases: str) -> list[bool]:
    """Say of each database whether the record lets it go."""
    return [is_let_go(world, database) for database in databases]


def is_let_go(world: World, database: str) -> bool:
    """Return whether the record lets the database go; a refusal is a conflict."""
    try:
        world.rows("select ops.require_unused_database(%s)", database)
    except psycopg.errors.DatabaseError as refusal:
        if refusal.sqlstate != "PT409":
            raise
        return False
    return True


@pytest.mark.parametrize("env", ["main", "release/1", "feature/a"])
def test_a_database_that_serves_is_not_let_go(world: World, project: UUID, env: str) -> None:
    """Whatever the stage, while its environment lives; a name that no row has is free."""
    deploy(world, project, "data", env)
    with refused("PT409", f"Database data serves shop/{env}"):
        world.rows("select ops.require_unused_database('data')")
    assert let_go(world, "another") == [True]


def test_both_sides_of_a_swap_are_kept_until_the_time_is_over(world: World, project: UUID) -> None:
    """The old database is the way back; what serves stays in any case."""
    deploy(world, project, "old")
    restored = swap(world, project, "new")
    with refused("PT409", "Database old is kept until .* UTC, so that a restore or a promotion of shop/main can be undone"):
        world.rows("select ops.require_unused_database('old')")
    world.rows("update ops.restores set keep_previous_until = now() - interval '1 second' where id = %s", restored)
    assert let_go(world, "old", "new") == [True, False]


def test_a_way_back_that_was_asked_for_in_time_keeps_its_database(world: World, project: UUID) -> None:
    """A run that waits longer than the hours promised still finds it; once it has ended, nobody waits."""
    deploy(world, project, "old")
    restored = swap(world, project, "new")
    run = world.queue(project, "main", p_kind="restore", p_config=f'{{"undo": "{restored}"}}')
    world.rows("update ops.restores set keep_previous_until = now() - interval '1 second' where id = %s", restored)
    assert let_go(world, "old") == [False]
    world.rows("select ops.cancel_run(%s, 'test')", run)
    assert let_go(world, "old") == [True]


def test_a_swap_that_was_taken_back_keeps_both_sides(world: World, project: UUID) -> None:
    """The restored data are no longer served and are kept as long as was promised."""
    deploy(world, project, "old")
    restored = swap(world, project, "new")
    run = world.work(project, "main", p_kind="restore", p_config=f'{{"undo": "{restored}"}}')
    world.rows("select ops.record_deployment(%s, 1, 'http://x', 8069, 'old', %s, %s)", run, IMAGE, SHA)
    world.complete(run)
    assert let_go(world, "old", "new") == [False, False]


def test_two_swaps_in_a_row_keep_the_whole_way_back(world: World, project: UUID) -> None:
    """Taking back the second leads to the first, which can be taken back as well."""
    deploy(world, project, "first")
    swap(world, project, "second")
    swap(world, project, "third")
    assert let_go(world, "first", "second", "third") == [False, False, False]


def test_a_deployment_after_a_restore_leaves_the_ways_back(world: World, project: UUID) -> None:
    """A preview that was pushed to serves neither side any more, and nothing leads back there."""
    deploy(world, project, "old", "feature/a")
    swap(world, project, "new", "feature/a")
    deploy(world, project, "pushed", "feature/a")
    assert let_go(world, "old", "new", "pushed") == [True, True, False]


def test_a_destroy_run_at_work_may_drop_what_its_own_environment_uses(world: World, project: UUID) -> None:
    """Both sides of a swap too, but only while the run works, in its current attempt, and nobody else's data."""
    deploy(world, project, "old", "feature/a")
    swap(world, project, "new", "feature/a")
    deploy(world, project, "other", "feature/b", port=8070)
    destroy = world.queue(project, "feature/a", p_kind="destroy")
    ask = "select ops.require_unused_database(%s, %s, %s)"
    with refused("PT409", "serves shop/feature/a"):
        world.rows(ask, "new", destroy, 1)
    world.claim()
    world.start(destroy)
    for mine in ("old", "new"):
        world.rows(ask, mine, destroy, 1)
    with refused("PT409", "serves shop/feature/b"):
        world.rows(ask, "other", destroy, 1)
    with refused("PT409", "serves shop/feature/a"):
        world.rows(ask, "new", destroy, 2)
    world.rows("select ops.record_destruction(%s, 1)", destroy)
    assert let_go(world, "old", "new") == [True, True]


def test_no_other_run_may_drop_what_its_environment_serves(world: World, project: UUID) -> None:
    """A deployment that failed is no reason to take the data that serve away."""
    deploy(world, project, "data", "feature/a")
    run = world.work(project, "feature/a")
    with refused("PT409", "serves"):
        world.rows("select ops.require_unused_database('data', %s, 1)", run)


def test_the_platform_alone_asks(world: World, project: UUID) -> None:
    """Names of databases are nobody else's business."""
    deploy(world, project, "data")
    with refused("PT409"):
        world.worker().rows("select ops.require_unused_database('data')")
    with refused("42501"):
        world.role("authenticated").rows("select ops.require_unused_database('data')")
