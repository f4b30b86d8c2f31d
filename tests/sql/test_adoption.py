"""Productions that run elsewhere, and what nobody may do to a production at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.sql.backups import create, restore, verified
from tests.sql.test_environments import DEPLOY
from tests.sql.world import World, connect, refused

ADOPT: LiteralString = "select * from ops.adopt_environment(%s, %s)"
CONFIRMED = '{"confirm": "shop/main"}'
HARMFUL = ("deploy", "restore", "clone", "promote")


def deployed(world: World, project: UUID) -> UUID:
    """Host production and return its environment."""
    run = world.work(project, "main", p_kind="deploy")
    world.value(DEPLOY, run, "live", "a" * 40, None)
    world.complete(run)
    found: UUID = world.value("select id from ops.environments where name = 'main'")
    return found


def test_an_adopted_environment_is_production_and_nothing_of_it_is_here(world: World, project: UUID) -> None:
    """Said twice it is the same, and the first time is on record with who said it."""
    first = world.row(ADOPT, project, "main")
    assert (first["stage"], first["status"], first["is_adopted"]) == ("production", "adopted", True)
    assert {first[name] for name in ("url", "port", "database_name", "image_digest", "deployed_sha")} == {None}
    assert world.row(ADOPT, project, "main") == first
    shown = world.row("select * from ops.v_environment_overview")
    assert (shown["status"], shown["is_adopted"]) == ("adopted", True)
    assert world.rows("select event, environment from ops.environment_events where environment = 'main'") == [
        {"event": "adopted", "environment": "main"}
    ]


@pytest.mark.parametrize("kind", HARMFUL)
def test_work_that_would_write_an_adopted_environment_is_refused(world: World, project: UUID, kind: str) -> None:
    """By the queue and for a click in Dagster."""
    world.rows(ADOPT, project, "main")
    with refused("PT409", "is adopted: it can be backed up and cloned"):
        world.queue(project, "main", p_kind=kind)
    with refused("PT409", "is adopted: it can be backed up and cloned"):
        world.rows("select * from ops.enroll_run('d1', 'shop/main', %s)", kind)
    assert world.rows("select from ops.runs") == []


def test_an_adopted_environment_is_backed_up_cloned_and_its_pushes_are_built(world: World, project: UUID) -> None:
    """Its data come back only into another environment."""
    world.rows(ADOPT, project, "main")
    world.rows("select ops.ensure_environment(%s, 'release/1')", project)
    backup = verified(world, project)
    restore(world, backup, "release/1")
    with refused("PT409", "is adopted: nothing here writes it"):
        restore(world, backup, "main")
    world.rows("select ops_private.update_branch_head(%s, 'main', %s, 'poll')", project, "b" * 40)
    kinds = {row["kind"] for row in world.rows("select kind from ops.runs where status = 'queued'")}
    assert kinds == {"clone", "build"}


def test_forgetting_an_adopted_environment_needs_no_backup_and_it_may_be_adopted_again(
    world: World, project: UUID
) -> None:
    """Nothing is lost with the row."""
    world.rows(ADOPT, project, "main")
    run = world.work(project, "main", p_kind="destroy")
    world.rows("select ops.record_destruction(%s, 1)", run)
    world.complete(run)
    row = world.row("select * from ops.environments")
    assert (row["status"], row["is_adopted"]) == ("destroyed", True)
    assert world.row(ADOPT, project, "main")["partition_key"] == "shop/main~2"


def test_what_is_hosted_or_about_to_be_is_not_adopted(world: World, project: UUID) -> None:
    """Two productions of one name would be told apart by nobody."""
    waiting = world.queue(project, "main", p_kind="deploy")
    with refused("PT409", "Run #1 is about to change shop/main"):
        world.rows(ADOPT, project, "main")
    world.rows("select ops.cancel_run(%s)", waiting)
    world.queue(project, "main", p_kind="build")
    assert world.row(ADOPT, project, "main")["is_adopted"]
    other = world.project("other")
    for branch, stage in (("release/1", "staging"), ("feature/a", "development")):
        world.rows("select ops.ensure_environment(%s, %s)", other, branch)
        with refused("PT409", f"is a {stage} environment"):
            world.rows(ADOPT, other, branch)


def test_a_hosted_production_is_not_adopted(world: World, project: UUID) -> None:
    """Its database is here."""
    deployed(world, project)
    with refused("PT409", "is hosted here"):
        world.rows(ADOPT, project, "main")


def test_of_an_adoption_and_a_deployment_at_once_one_is_refused(world: World, project: UUID) -> None:
    """Whichever comes first."""

    def one(turn: int) -> str | None:
        query: LiteralString = ADOPT if turn % 2 else "select ops.queue_run(%s, %s, 'a', 'r', 'deploy')"
        with connect(world.operator_url) as connection:
            try:
                connection.execute(query, [project, f"b{turn // 2}"])
            except psycopg.Error as error:
                return error.sqlstate
        return None

    for number in range(8):
        world.rows("select ops.ensure_environment(%s, %s, 'production')", project, f"b{number}")
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, range(16)))
    for first, second in zip(outcomes[::2], outcomes[1::2], strict=True):
        assert {first, second} == {None, "PT409"}


@pytest.mark.parametrize(
    "change",
    [
        "stage = 'staging'", "status = 'running', url = 'u', database_name = 'd'", "status = 'pending'", "port = 1",
        "database_name = 'd'", "expires_at = now()", "deployed_sha = 'a'", "is_adopted = false",
    ],
)  # fmt: skip
def test_no_table_takes_an_adopted_environment_that_is_also_hosted(
    world: World, project: UUID, change: LiteralString
) -> None:
    """Whoever writes it."""
    world.rows(ADOPT, project, "main")
    with refused("23514"):
        world.connection.execute(f"update ops.environments set {change}".encode())
    with refused("PT404", "that is hosted here"):
        world.rows("select ops.set_environment_status(id, 'stopped') from ops.environments")


def test_a_production_with_data_is_not_deployed_again(world: World, project: UUID) -> None:
    """A deployment starts from an empty database: by the queue, for a click, and for a run that waited meanwhile."""
    first = world.work(project, "main", p_kind="deploy")
    second = world.queue(project, "main", p_kind="deploy", p_priority=-1)
    world.value(DEPLOY, first, "live", "a" * 40, None)
    assert world.value(DEPLOY, first, "live", "a" * 40, None) == "live"
    world.complete(first)
    with refused("PT409", "would start from an empty database"):
        world.queue(project, "main", p_kind="deploy")
    with refused("PT409", "would start from an empty database"):
        world.rows("select * from ops.enroll_run('d1', 'shop/main', 'deploy')")
    assert [row["id"] for row in world.claim()] == [second]
    world.start(second)
    with refused("PT409", "shop/main has data in live"):
        world.value(DEPLOY, second, "empty", "a" * 40, None)
    assert world.value("select database_name from ops.environments") == "live"


def test_pushes_to_a_hosted_production_are_still_built(world: World, project: UUID) -> None:
    """What is pushed gets there through a release."""
    deployed(world, project)
    run = world.row("select run_id from ops_private.update_branch_head(%s, 'main', %s, 'poll')", project, "b" * 40)[
        "run_id"
    ]
    assert world.run(run)["kind"] == "build"


def test_a_push_is_judged_by_the_environments_own_stage(world: World, project: UUID) -> None:
    """A production of another branch than the default one is built like any: what polls would stop at a refusal."""
    world.rows(ADOPT, project, "live")
    for branch, sha in (("live", "b"), ("main", "c"), ("feature/a", "d")):
        world.rows("select ops_private.update_branch_head(%s, %s, %s, 'poll')", project, branch, sha * 40)
    queued = world.rows("select git_sha, kind::text from ops.runs where status = 'queued'")
    assert {row["git_sha"][0]: row["kind"] for row in queued} == {"b": "build", "c": "build", "d": "deploy"}


def test_a_production_without_a_verified_backup_is_destroyed_only_on_purpose(world: World, project: UUID) -> None:
    """By the queue and for a click; one that was never deployed has nothing to lose."""
    world.rows("select ops.ensure_environment(%s, 'main')", project)
    world.rows("select ops.cancel_run(%s)", world.queue(project, "main", p_kind="destroy"))
    deployed(world, project)
    asked = create(world, project)
    with refused("PT409", "has no verified backup"):
        world.queue(project, "main", p_kind="destroy", p_config=CONFIRMED)
    with refused("PT409", "has no verified backup"):
        world.rows("select * from ops.enroll_run('d1', 'shop/main', 'destroy', p_config => %s)", CONFIRMED)
    world.queue(project, "main", p_kind="destroy", p_config='{"without_backup": true, "confirm": "shop/main"}')
    assert world.value("select count(*) from ops.runs where kind = 'destroy' and status = 'queued'") == 1
    assert asked


def test_a_production_with_a_verified_backup_may_be_destroyed(world: World, project: UUID) -> None:
    """Its data are elsewhere."""
    deployed(world, project)
    verified(world, project)
    assert world.status(world.queue(project, "main", p_kind="destroy", p_config=CONFIRMED)) == "queued"


@pytest.mark.parametrize("config", ["{}", '{"confirm": ""}', '{"confirm": "shop/other"}'])
def test_a_production_is_destroyed_only_by_its_name(world: World, project: UUID, config: str) -> None:
    """Whoever starts the job on all partitions names no production, and each other one is destroyed."""
    deployed(world, project)
    verified(world, project)
    with refused("PT409", "nobody confirmed that it shall be destroyed"):
        world.queue(project, "main", p_kind="destroy", p_config=config)
    with refused("PT409", "nobody confirmed that it shall be destroyed"):
        world.rows("select * from ops.enroll_run('d1', 'shop/main', 'destroy', p_config => %s)", config)
    assert world.value("select count(*) from ops.runs where kind = 'destroy'") == 0
    world.rows("select * from ops.enroll_run('d1', 'shop/main', 'destroy', p_config => %s)", CONFIRMED)
    assert world.value("select count(*) from ops.runs where kind = 'destroy'") == 1
