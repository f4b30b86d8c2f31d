"""What a run of each kind may do is decided by its effect, in one list of what is allowed."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import psycopg
import pytest

from odooops_dagster.kinds import KINDS
from tests.sql.releases import make_release
from tests.sql.world import SHA, World, refused

IMAGE = "sha256:" + "1" * 64
BESIDE = ("verify", "retention", "compare")  # they work on no environment
SERVED = ("stop", "start")  # they leave the data as they are
OF_PRODUCTION = ("rehearse",)  # they try something on a copy of production
EVERY = (
    *("build", "test", "deploy", "backup", "restore", "clone", "upgrade", "drill", "promote", "destroy"),
    *SERVED,
    *BESIDE,
    *OF_PRODUCTION,
)
STAGES = {"main": "production", "release/1": "staging", "feature/a": "development"}
# Who may put another database in the place of one that serves, by stage: everybody else is refused.
MAY_REPLACE = {
    "production": {"restore", "promote"},
    "staging": {"deploy", "restore", "clone", "promote"},
    "development": {"deploy", "restore", "clone"},
}
MAY_BE_FIRST = {**MAY_REPLACE, "production": {"deploy", "restore", "promote"}}
CARRIED_OUT = {"build", "test", "deploy", "backup", "restore", "clone", "upgrade", "drill", "destroy", *SERVED, *BESIDE}


def at_work(world: World, project: UUID, env: str, kind: str) -> UUID:
    """Return a run of the kind at work on the environment, however it came to be: no door was asked."""
    run = world.work(project, env, p_kind="test")
    release = make_release(world, project)
    with world.connection.transaction():  # past the guards that keep what a run is, and ask gates
        world.rows("set local session_replication_role = replica")
        world.rows("update ops.runs set kind = %s where id = %s", kind, run)
        world.rows(
            "insert into ops.deployments (project_id, release_id, environment_id, stage, image_digest, git_shas,"
            " requested_by, run_id) select r.project_id, r.id, e.id, e.stage, r.image_digest, r.git_shas, 'x', q.run_id"
            " from ops.releases as r, ops.run_requests as q join ops.environments as e on e.id = q.environment_id"
            " where r.id = %s and q.run_id = %s",
            release.id, run,
        )  # fmt: skip
    return run


def record(world: World, run: UUID, database: str) -> bool:
    """Point the run's environment at the database; say whether that was allowed."""
    answers = set()
    for query in (
        "select ops.require_deployable(%s, 1, %s)",
        "select ops.record_deployment(%s, 1, 'http://x', 8069, %s, %s, %s)",
    ):
        try:
            world.rows(query, run, database, *((IMAGE, SHA) if "record" in query else ()))
        except psycopg.errors.DatabaseError as refusal:
            if refusal.sqlstate != "PT409":
                raise
            answers.add(False)
        else:
            answers.add(True)
    assert len(answers) == 1, "what is asked before the work is what is asked at its end"
    return answers.pop()


def serves(world: World, env: str) -> str | None:
    """Return the database that the environment serves."""
    found: str | None = world.value(
        "select database_name from ops.environments where name = %s and destroyed_at is null", env
    )
    return found


@pytest.mark.parametrize("env", STAGES)
@pytest.mark.parametrize("kind", EVERY)
def test_only_listed_kinds_replace_a_database_that_serves(world: World, project: UUID, kind: str, env: str) -> None:
    """Every kind on every stage: a run of any other kind may not even give an environment its first database."""
    run = at_work(world, project, env, kind)
    first = record(world, run, "first")
    assert first is (kind in MAY_BE_FIRST[STAGES[env]])
    world.rows(
        "update ops.environments set database_name = 'serves', status = 'running', url = 'http://x', port = 8069"
    )
    assert record(world, run, "another") is (kind in MAY_REPLACE[STAGES[env]])
    assert serves(world, env) == ("another" if kind in MAY_REPLACE[STAGES[env]] else "serves")


@pytest.mark.parametrize("kind", [kind for kind in EVERY if kind not in (*BESIDE, *OF_PRODUCTION)])
def test_a_kind_that_no_job_carries_out_is_refused_at_every_door(world: World, project: UUID, kind: str) -> None:
    """It would wait for ever, or end as an attempt that nobody understands; nothing is queued."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    if kind in SERVED:  # nothing was deployed yet
        with refused("PT409", f"nothing that could {kind}"):
            world.queue(project, p_kind=kind)
        return
    if kind in CARRIED_OUT:
        world.queue(project, p_kind=kind)
        world.rows("select * from ops.enroll_run('d1', 'shop/feature/a', %s)", kind)
        return
    words = "carries out one deployment" if kind == "promote" else f"This version carries out no {kind} run"
    with refused("PT409", words):
        world.queue(project, p_kind=kind)
    with refused("PT409", words):
        world.rows("select * from ops.enroll_run('d1', 'shop/feature/a', %s)", kind)
    assert world.rows("select from ops.runs") == []


@pytest.mark.parametrize("kind", BESIDE)
def test_a_kind_of_no_environment_is_bound_to_none(world: World, project: UUID, kind: str) -> None:
    """Bound to one it would block the environment's deployments for hours: the queue and a click are refused."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    with refused("PT409", f"A {kind} run works on no environment"):
        world.queue(project, p_kind=kind)
    with refused("PT409", f"A {kind} run works on no environment"):
        world.rows("select * from ops.enroll_run('d1', 'shop/feature/a', %s)", kind)
    assert world.rows("select from ops.runs") == []
    deployment = world.queue(project, "feature/a")
    beside = world.queue(project, None, p_kind=kind)
    claimed = world.rows("select id from ops.claim_runs('w', 2)")
    assert {row["id"] for row in claimed} == {deployment, beside}


def test_the_list_names_every_kind_once(world: World) -> None:
    """A kind that is added to the enum and not to the list may do nothing, and this fails."""
    listed = [row["kind"] for row in world.rows("select kind from ops.run_kinds()")]
    assert sorted(listed) == sorted(EVERY)
    assert sorted(listed) == sorted(world.value("select enum_range(null::ops.run_kind)::text[]"))


def test_the_platform_and_the_record_have_one_table(world: World) -> None:
    """What Dagster's side takes for granted is what the record allows."""
    rows = world.worker().rows("select kind, effect, stages::text[], is_carried_out from ops.run_kinds()")
    listed = {row["kind"]: (row["effect"], set(row["stages"]), row["is_carried_out"]) for row in rows}
    assert listed == {name: (kind.effect, set(kind.stages), kind.job is not None) for name, kind in KINDS.items()}


def test_a_promotion_is_queued_for_its_deployment_alone(world: World, project: UUID) -> None:
    """promote_release queues one run; nobody repeats it, or queues another for the same deployment or for none."""
    release = make_release(world, project)
    release.check("G1")
    deployment = world.value("select ops.promote_release(%s, 'staging')", release.id)
    run = world.value("select run_id from ops.deployments where id = %s", deployment)
    assert world.run(run)["kind"] == "promote"
    for named in (deployment, uuid4(), "nothing"):
        with refused("PT409", "carries out one deployment"):
            world.queue(project, None, p_kind="promote", p_config=json.dumps({"deployment_id": str(named)}))
    world.rows("select ops.cancel_run(%s, 'test')", run)
    with refused("PT409", "carries out one deployment"):
        world.rows("select ops.retry_run(%s)", run)


def test_a_rehearsal_is_of_a_release_and_of_production(world: World, project: UUID) -> None:
    """Neither the queue nor a click begins one that tries nothing, or that works anywhere else."""
    world.rows("select ops.ensure_environment(%s, 'main')", project)
    with refused("PT409", "tries the promotion of one release"):
        world.queue(project, "main", p_kind="rehearse")
    with refused("PT409", "tries the promotion of one release"):
        world.rows("select * from ops.enroll_run('d1', 'shop/main', 'rehearse')")
    named = json.dumps({"release_id": str(make_release(world, project).id)})
    assert world.rows("select from ops.runs") == []
    run = world.queue(project, "feature/a", p_kind="rehearse", p_config=named)
    world.claim()
    world.start(run)
    with refused("PT409", "bound to another environment"):
        world.rows("select ops.record_rehearsal_start(%s, 1)", run)


def test_a_deployment_keeps_the_run_that_was_queued_for_it(world: World, project: UUID) -> None:
    """It is written once, when the run is there."""
    release = make_release(world, project)
    release.check("G1")
    world.rows("select ops.promote_release(%s, 'staging')", release.id)
    for value in (None, world.queue(project)):
        with refused("PT409", "append-only"):
            world.rows("update ops.deployments set run_id = %s", value)


def test_a_clone_of_production_is_refused_at_productions_own_door(world: World, project: UUID) -> None:
    """By the queue and for a click, before anything is restored."""
    world.rows("select ops.ensure_environment(%s, 'main')", project)
    with refused("PT409", "A clone run does not work on shop/main, which is production"):
        world.queue(project, "main", p_kind="clone")
    with refused("PT409", "A clone run does not work on shop/main, which is production"):
        world.rows("select * from ops.enroll_run('d1', 'shop/main', 'clone')")


def test_a_destruction_passes_over_a_promotion_that_waited(world: World, project: UUID) -> None:
    """It was to this very environment: it ends, and the destruction with it."""
    run = world.work(project, "release/1")
    world.rows("select ops.record_deployment(%s, 1, 'http://x', 8069, 'db', %s, %s)", run, "sha256:" + "9" * 64, SHA)
    world.complete(run)
    release = make_release(world, project)
    release.check("G1")
    destroy = world.work(project, "release/1", p_kind="destroy")
    deployment = world.value("select ops.promote_release(%s, 'release/1')", release.id)
    waiting = world.value("select run_id from ops.deployments where id = %s", deployment)
    world.rows("select ops.record_destruction(%s, 1)", destroy)
    assert world.status(waiting) == "canceled"
