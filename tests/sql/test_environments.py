"""Branches made to run: their names, stages, deployments and ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from odooops_dagster.control.migrate import migrate
from tests.sql.world import World, connect, refused

DEPLOY = "select ops.record_deployment(%s, 1, 'http://a.localhost', 8100, %s, 'sha256:1', %s, %s)"


def ensure(world: World, project: UUID, branch: str, stage: str | None = None) -> dict[str, object]:
    """Return the branch's environment."""
    return world.row("select * from ops.ensure_environment(%s, %s, %s)", project, branch, stage)


@pytest.mark.parametrize(
    ("branch", "key"),
    [
        ("feature/a/b", "shop/feature/a/b"), ("odd|name", "shop/odd%7Cname"), ("100%", "shop/100%25"),
        ("a...b", "shop/a%2E%2E%2Eb"), ("été", "shop/été"),
    ],
)  # fmt: skip
def test_a_partition_is_named_after_project_and_branch(world: World, project: UUID, branch: str, key: str) -> None:
    """Without what Dagster keeps for itself."""
    assert ensure(world, project, branch)["partition_key"] == key


def test_an_environment_is_made_once_by_many_at_once(world: World, project: UUID) -> None:
    """Doors do not take turns."""

    def one(_: int) -> object:
        with connect(world.operator_url) as connection:
            row = connection.execute("select id from ops.ensure_environment(%s, 'feature/a')", [project]).fetchone()
            return row and row["id"]

    with ThreadPoolExecutor(12) as pool:
        assert len(set(pool.map(one, range(24)))) == 1


def test_a_named_stage_wins_over_the_branchs_rule_and_then_stays(world: World, project: UUID) -> None:
    """A living environment does not change its stage."""
    assert ensure(world, project, "feature/a", "staging")["stage"] == "staging"
    assert ensure(world, project, "feature/a")["stage"] == "staging"
    with refused("PT409", "is a staging environment"):
        ensure(world, project, "feature/a", "development")


def test_an_environment_needs_a_branch_and_a_project(world: World, project: UUID) -> None:
    """Nothing runs nameless."""
    with refused("PT400"):
        ensure(world, project, "")
    with refused("PT404"):
        ensure(world, uuid4(), "main")


def test_a_deployment_points_the_environment_at_the_build(world: World, project: UUID) -> None:
    """And says which database served before."""
    first = world.work(project)
    assert world.value(DEPLOY, first, "db1", "a" * 40, None) is None
    world.complete(first)
    second = world.work(project)
    assert world.value(DEPLOY, second, "db2", "b" * 40, None) == "db1"
    row = world.row("select * from ops.v_environment_overview")
    assert (row["status"], row["database_name"], row["deployed_sha"], row["deployed_run_id"]) == (
        "running", "db2", "b" * 40, second,
    )  # fmt: skip
    assert row["working_run_id"] == second
    assert "deployed at http://a.localhost" in world.messages(second)


def test_a_failed_first_deployment_shows_and_a_later_one_leaves_the_preview_alone(world: World, project: UUID) -> None:
    """The old preview still answers."""
    status = "select status from ops.v_environment_overview"
    first = world.work(project)
    assert world.value(status) == "building"
    world.complete(first, 1)
    assert world.value(status) == "failed"
    second = world.work(project)
    world.value(DEPLOY, second, "db1", "a" * 40, None)
    world.complete(second)
    third = world.work(project)
    assert world.value(status) == "running"
    world.rows("select ops.complete_workflow_run(%s, 1, 'no module', 1)", third)
    assert world.value(status) == "running"
    failed = "select failed_run_number, failed_run_error from ops.v_environment_overview"
    assert world.row(failed) == {"failed_run_number": 3, "failed_run_error": "no module"}
    world.complete(world.work(project, p_kind="start"))
    assert world.row(failed) == {"failed_run_number": 3, "failed_run_error": "no module"}, "a start mends nothing"
    fourth = world.work(project)
    world.value(DEPLOY, fourth, "db2", "a" * 40, None)
    world.complete(fourth)
    assert world.row(failed) == {"failed_run_number": None, "failed_run_error": None}


def test_an_environment_is_stopped_and_started(world: World, project: UUID) -> None:
    """What its Odoo does is noted; ends go through runs."""
    environment = ensure(world, project, "feature/a")["id"]
    world.rows("select ops.set_environment_status(%s, 'stopped')", environment)
    with refused("PT400"):
        world.rows("select ops.set_environment_status(%s, 'destroyed')", environment)
    with refused("PT404"):
        world.rows("select ops.set_environment_status(%s, 'stopped')", uuid4())


def test_nothing_is_destroyed_that_is_not_there(world: World, project: UUID) -> None:
    """A destruction makes no environment."""
    with refused("PT404"):
        world.queue(project, "feature/nothing", p_kind="destroy")


def test_previews_past_their_time_are_destroyed_once(world: World, project: UUID) -> None:
    """Idle ones of development only."""
    run_id = world.work(project)
    world.value(DEPLOY, run_id, "db1", "a" * 40, "2000-01-01")
    assert world.rows("select ops.expire_environments()") == []
    world.complete(run_id)
    (row,) = world.rows("select ops.expire_environments() as id")
    assert (world.run(row["id"])["kind"], world.run(row["id"])["trigger"]) == ("destroy", "schedule")
    assert world.rows("select ops.expire_environments()") == []


def test_no_branch_takes_the_name_of_anothers_later_generation(world: World, project: UUID) -> None:
    """Git has no such branch, and a caller who makes one up waits for nothing."""
    world.rows("select ops.ensure_environment(%s, 'a')", project)
    world.rows("update ops.environments set status = 'destroyed', destroyed_at = now()")
    world.rows("set statement_timeout = '5s'")
    for branch, key in (("a", "shop/a~2"), ("a~2", "shop/a%7E2"), ("a%7E2", "shop/a%257E2")):
        assert world.value("select (ops.ensure_environment(%s, %s)).partition_key", project, branch) == key


def test_a_destroyed_environment_gives_up_its_address_and_database(world: World, project: UUID) -> None:
    """Its row stays, as history."""
    run_id = world.work(project)
    world.value(DEPLOY, run_id, "db1", "a" * 40, None)
    world.complete(run_id)
    destroy = world.work(project, p_kind="destroy")
    for _ in range(2):
        world.rows("select ops.record_destruction(%s, 1)", destroy)
    row = world.row("select * from ops.environments")
    assert (row["status"], row["url"], row["port"], row["database_name"]) == ("destroyed", None, None, None)


def test_a_project_is_created_once_and_the_same_again_is_the_same(world: World) -> None:
    """Another project of that name is a conflict."""
    first = world.project("shop")
    assert world.project("shop") == first
    with refused("PT409", "already a project shop"):
        world.project("shop", default_branch="trunk")


@pytest.mark.parametrize("slug", ["", "Shop", "a b", "-a", "a/b", "x" * 64])
def test_a_slug_that_would_break_names_is_refused(world: World, slug: str) -> None:
    """Slugs become database and partition names."""
    with refused("PT400"):
        world.project(slug)


def test_a_port_of_before_belongs_to_one_living_environment(world: World, project: UUID) -> None:
    """An environment that had one keeps it; one that never had one gets none."""
    deploy = "select ops.record_deployment(%s, 1, 'http://x', %s, %s, 'sha256:1', %s)"
    first = world.work(project, "feature/a")
    world.rows(deploy, first, 20001, "db1", "a" * 40)
    second = world.work(project, "feature/b")
    with refused("PT409", "Another environment has port 20001"):
        world.rows(deploy, second, 20001, "db2", "a" * 40)
    world.rows(deploy, second, None, "db2", "a" * 40)
    rows = world.rows("select port from ops.environments order by name")
    assert [row["port"] for row in rows] == [20001, None]


def test_the_url_of_a_deployed_environment_follows_the_settings(world: World, project: UUID) -> None:
    """One that was never deployed, or is destroyed, has none."""
    environment = ensure(world, project, "feature/a")["id"]
    change = "select ops.set_environment_url(%s, 'https://a.example.com/')"
    with refused("PT404"):
        world.rows(change, environment)
    run_id = world.work(project)
    world.value(DEPLOY, run_id, "db1", "a" * 40, None)
    world.complete(run_id)
    world.rows(change, environment)
    assert world.value("select url from ops.environments") == "https://a.example.com/"
    destroy = world.work(project, p_kind="destroy")
    world.rows("select ops.record_destruction(%s, 1)", destroy)
    with refused("PT404"):
        world.rows(change, environment)


def test_environments_that_shared_a_port_are_told_apart_by_the_migration(world: World, project: UUID) -> None:
    """The older keeps it; the other stops and chooses anew, and nothing of its data changes."""
    for port, name in enumerate(("feature/a", "feature/b"), start=20001):
        run = world.work(project, name)
        world.rows(
            "select ops.record_deployment(%s, 1, 'http://x', %s, %s, 'sha256:1', %s)", run, port, f"db {name}", "a" * 40
        )  # fmt: skip
        world.complete(run)
    world.rows("drop index ops.environments_one_port_idx")
    world.rows("update ops.environments set port = 20001")
    world.rows("delete from supabase_migrations.schema_migrations where version = '20260213000420'")
    migrate(world.url)
    rows = world.rows("select name, port, url, status, database_name from ops.environments order by name")
    assert [(row["port"], row["status"]) for row in rows] == [(20001, "running"), (None, "stopped")]
    assert (rows[1]["url"], rows[1]["database_name"]) == (None, "db feature/b")
    with refused("23505"):
        world.rows("update ops.environments set port = 20001")


def test_a_terminal_is_on_the_record_before_it_opens(world: World, project: UUID) -> None:
    """With who opens it; one more time is one more line, and nothing is opened where nothing is."""
    world.value("select (ops.ensure_environment(%s, 'feature/a')).id", project)
    for _ in range(2):
        world.operator().rows("select ops.note_terminal(%s, 'feature/a', 'psql', 'ada')", project)
    events = world.rows("select * from ops.environment_events where event = 'terminal_opened'")
    assert [(row["environment"], row["payload"], row["recorded_by"]) for row in events] == [
        ("feature/a", {"program": "psql"}, "ada")
    ] * 2
    with refused("PT404", "There is no living environment feature/none"):
        world.operator().rows("select ops.note_terminal(%s, 'feature/none', 'psql', 'ada')", project)
