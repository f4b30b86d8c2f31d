"""An archived project's environments go, its production stops, and all come back with the project."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.sql.world import SHA, World

pytestmark = pytest.mark.timeout(120)


def serving(world: World, project: UUID, branch: str) -> UUID:
    """Deploy the branch and return its environment's id."""
    run = world.work(project, branch)
    world.rows(
        "select ops.record_deployment(%s, 1, %s, null, %s, 'digest', %s)",
        run, f"http://{branch}.localhost/", f"db_{branch.replace('/', '_')}", SHA,
    )  # fmt: skip
    world.complete(run)
    return UUID(str(world.value("select id from ops.environments where name = %s and destroyed_at is null", branch)))


def state(world: World, environment: UUID) -> str:
    """Return the state that lists show."""
    return str(world.value("select status from ops.v_environment_overview where id = %s", environment))


def heads(world: World, project: UUID, *branches: str) -> None:
    """Note the branches' heads without asking for runs."""
    for branch in branches:
        world.rows("insert into ops.branch_heads (project_id, branch, sha) values (%s, %s, %s)", project, branch, SHA)


def destroy_all(world: World) -> None:
    """Carry out the removals that wait."""
    while runs := world.rows("select id from ops.claim_short_runs('w1', 5)"):
        for row in runs:
            world.start(row["id"])
            world.rows("select ops.record_destruction(%s, 1)", row["id"])
            world.complete(row["id"])


def test_archiving_destroys_previews_and_stops_production_with_its_data(world: World, project: UUID) -> None:
    """Lists show `destroying` at once, a retry queues nothing twice, and production's database stays on the record."""
    preview, production = serving(world, project, "feature/a"), serving(world, project, "main")
    waiting = world.queue(project, "feature/a", p_kind="test")
    world.rows("select ops.archive_project('shop')")
    world.rows("select ops.archive_project('shop')")
    assert state(world, preview) == "destroying"
    assert world.status(waiting) == "canceled"
    assert world.value("select count(*) from ops.runs where kind = 'destroy'") == 1
    destroy_all(world)
    assert state(world, preview) == "destroyed"
    row = world.row("select status, database_name from ops.environments where id = %s", production)
    assert row == {"status": "stopped", "database_name": "db_main"}
    assert world.value("select project_status from ops.v_environment_overview where id = %s", production) == "archived"


def test_a_removal_does_not_fail_on_what_came_back_into_an_archived_projects_queue(world: World, project: UUID) -> None:
    """A run that was given back waits for the environment; with the project archived, it is only canceled."""
    preview = serving(world, project, "feature/a")
    backup = world.work(project, "feature/a", p_kind="backup")
    world.rows("select ops.archive_project('shop')")
    world.rows("select ops.requeue_run(%s, 1, 'the platform stopped')", backup)
    world.rows("update ops.runs set priority = -1 where id = %s", backup)
    destroy_all(world)
    assert state(world, preview) == "destroyed"
    assert world.status(backup) == "canceled"


def test_restoring_brings_back_what_archiving_took_and_nothing_else(world: World, project: UUID) -> None:
    """What a person destroyed before stays gone; what has no branch any more stays gone."""
    heads(world, project, "feature/a", "feature/b", "main")
    for branch in ("feature/a", "feature/b", "feature/gone", "main"):
        serving(world, project, branch)
    world.queue(project, "feature/b", p_kind="destroy")
    destroy_all(world)
    world.rows("select ops.archive_project('shop')")
    destroy_all(world)
    world.rows("select ops.restore_project('shop')")
    world.rows("select ops.restore_project('shop')")
    waiting = world.rows("select partition_key, kind, git_sha from ops.v_runs where status = 'queued'")
    assert waiting == [{"partition_key": "shop/feature/a~2", "kind": "deploy", "git_sha": SHA}]
    living = "select name, status from ops.environments where destroyed_at is null order by name"
    assert world.rows(living) == [
        {"name": "feature/a", "status": "pending"},
        {"name": "main", "status": "running"},
    ]


def test_restoring_before_the_removal_began_takes_it_back(world: World, project: UUID) -> None:
    """The deployment that restores the environment supersedes the removal that waits."""
    heads(world, project, "feature/a")
    preview = serving(world, project, "feature/a")
    world.rows("select ops.archive_project('shop')")
    assert state(world, preview) == "destroying"
    world.rows("select ops.restore_project('shop')")
    assert state(world, preview) == "running"
    assert world.value("select count(*) from ops.runs where kind = 'destroy' and status = 'queued'") == 0
