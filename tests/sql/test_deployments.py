"""Promotions, rollbacks and what becomes of the release, its gates and its environment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from tests.sql.actors import Actors
from tests.sql.releases import IMAGE, SHAS, Release, let_time_pass, make_release, verified_backup
from tests.sql.world import SHA, World, connect, refused

PROMOTE = "select ops.promote_release(%s, %s)"
INSERT = (
    "insert into ops.deployments (project_id, release_id, stage, image_digest, git_shas, requested_by,"
    " no_backup_reason, rollback_of, reason) select project_id, id, %s, %s, %s::jsonb, 'owner', 'none', %s, %s"
    " from ops.releases where id = %s returning id"
)


@pytest.fixture
def release(world: World, project: UUID) -> Release:
    """Return a release that may go everywhere."""
    return cleared(make_release(world, project, "1.0"))


def cleared(release: Release) -> Release:
    """Let the release pass its gates."""
    release.check("G1")
    release.approve("G2")
    release.approve("G3")
    return release


def deployed(release: Release, target: str = "production") -> UUID:
    """Bring the release there."""
    world = release.world
    deployment: UUID = world.value("select ops.promote_release(%s, %s, 'a test')", release.id, target)
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    return deployment


def test_a_promotion_takes_everything_from_the_release(world: World, release: Release) -> None:
    """Image and commits are those that were tested, and a run is queued for it."""
    deployment = world.value(PROMOTE, release.id, "staging")
    row = world.row("select * from ops.deployments where id = %s", deployment)
    assert (row["image_digest"], row["git_shas"], row["status"], row["stage"]) == (IMAGE, SHAS, "pending", "staging")
    run = world.run(row["run_id"])
    assert (run["kind"], run["git_sha"], run["status"]) == ("promote", SHA, "queued")
    assert run["config"]["deployment_id"] == str(deployment)


def test_a_refused_promotion_says_everything_that_is_missing(world: World, project: UUID) -> None:
    """The refusal is the explanation, and nothing is queued."""
    release = make_release(world, project)
    with refused("PT409", "not eligible for production") as caught:
        world.rows("select ops.promote_release(%s, 'production', 'no backup yet')", release.id)
    detail = str(caught.value.diag.message_detail)
    assert [part.split(":")[0] for part in detail.split("; ")] == ["G1", "G2", "G3"]
    assert world.rows("select from ops.runs") == []


def test_production_is_not_promoted_over_without_a_fresh_backup(world: World, project: UUID, release: Release) -> None:
    """A backup that is too old is none; a fresh one is noted as the way back."""
    world.rows("select * from ops.ensure_environment(%s, 'main', 'production')", project)
    with refused("PT409", "no verified backup that is fresh enough"):
        world.rows(PROMOTE, release.id, "production")
    backup = verified_backup(world, project, age="5 hours")
    with refused("PT409", "no verified backup that is fresh enough"):
        world.rows(PROMOTE, release.id, "production")
    backup = verified_backup(world, project, age="3 hours")
    deployment = world.value(PROMOTE, release.id, "production")
    assert world.value("select backup_id from ops.deployments where id = %s", deployment) == backup


def test_a_person_may_say_why_there_is_no_backup(world: World, release: Release) -> None:
    """The first deployment has nothing to lose, which is written down."""
    deployment = world.value("select ops.promote_release(%s, 'production', 'first one')", release.id)
    assert world.value("select no_backup_reason from ops.deployments where id = %s", deployment) == "first one"


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_an_ineligible_deployment_is_refused_whatever_door_it_came_by(world: World, project: UUID, stage: str) -> None:
    """Not even the owner of the table can write one."""
    release = make_release(world, project)
    with refused("PT409", f"not eligible for {stage}"):
        world.rows(INSERT, stage, IMAGE, '{"acme/shop": "' + SHA + '"}', None, None, release.id)


def test_nothing_is_promoted_to_development(world: World, release: Release) -> None:
    """A release is for staging and production."""
    with refused("PT409", "not eligible for development"):
        world.rows(INSERT, "development", IMAGE, '{"acme/shop": "' + SHA + '"}', None, None, release.id)
    with refused("PT400", "Nothing is promoted to development"):
        world.rows(PROMOTE, release.id, "development")


@pytest.mark.parametrize(
    ("image", "sha"), [("sha256:" + "2" * 64, SHA), (IMAGE, "b" * 40)], ids=["another image", "another commit"]
)
def test_what_was_not_tested_is_refused_by_constraint(world: World, release: Release, image: str, sha: str) -> None:
    """The foreign key knows what the release is made of."""
    with refused("23503", "deployments_release_id"):
        world.rows(INSERT, "production", image, '{"acme/shop": "' + sha + '"}', None, None, release.id)


def test_two_promotions_at_once_give_one(world: World, release: Release) -> None:
    """The second finds the deployment of the first."""

    def promote(_: int) -> UUID:
        with connect(world.url) as connection:
            row = connection.execute(PROMOTE, [release.id, "staging"]).fetchone()
            assert row is not None
            found: UUID = row["promote_release"]
            return found

    with ThreadPoolExecutor(8) as pool:
        deployments = set(pool.map(promote, range(8)))
    assert len(deployments) == 1
    assert world.value("select count(*) from ops.runs") == 1


def test_two_releases_at_once_to_one_place_give_one(world: World, project: UUID, release: Release) -> None:
    """Whichever is second is told who is on the way."""
    others = [release, *(cleared(make_release(world, project)) for _ in range(3))]

    def promote(candidate: Release) -> str:
        with connect(world.url) as connection:
            try:
                connection.execute(PROMOTE, [candidate.id, "staging"])
            except psycopg.Error as error:
                return str(error.sqlstate)
            return "promoted"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(promote, others)) == ["PT409", "PT409", "PT409", "promoted"]


def test_a_deployment_whose_run_failed_holds_its_place_no_longer(world: World, release: Release) -> None:
    """The next promotion finds the place free."""
    first = world.value(PROMOTE, release.id, "staging")
    (run,) = world.claim()
    world.start(run["id"])
    world.complete(run["id"], 1)
    second = world.value(PROMOTE, release.id, "staging")
    assert second != first
    assert world.value("select status from ops.deployments where id = %s", first) == "failed"


def test_a_deployment_moves_as_drawn_and_never_back(world: World, release: Release) -> None:
    """An end is an end."""
    deployment = world.value(PROMOTE, release.id, "staging")
    for status in ("running", "running", "succeeded", "succeeded"):
        world.rows("select ops.record_deployment_status(%s, %s)", deployment, status)
    row = world.row("select * from ops.deployments where id = %s", deployment)
    assert row["finished_at"] >= row["started_at"]
    for status in ("running", "failed", "pending"):
        with refused("PT409", f"cannot go from succeeded to {status}"):
            world.rows("select ops.record_deployment_status(%s, %s)", deployment, status)


def test_what_was_deployed_is_not_rewritten(world: World, release: Release) -> None:
    """Neither what nor where nor by whom."""
    deployed(release, "staging")
    for column in ("image_digest", "stage", "requested_by", "release_id", "backup_id", "reason"):
        with refused("PT409", "append-only"):
            world.connection.execute(f"update ops.deployments set {column} = {column}".encode())


def test_the_release_follows_its_deployments(world: World, project: UUID, release: Release) -> None:
    """Candidate, staging, released, rolled back."""
    status = "select status from ops.releases where id = %s"
    assert world.value(status, release.id) == "candidate"
    deployed(release, "staging")
    assert world.value(status, release.id) == "staging"
    deployed(release)
    assert world.value(status, release.id) == "released"
    later = cleared(make_release(world, project, "2.0"))
    undone = deployed(later)
    back = world.value("select ops.rollback_deployment(%s, 'orders vanish')", undone)
    assert world.value(status, later.id) == "released"
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", back)
    assert world.value(status, later.id) == "rolled_back"
    assert world.value(status, release.id) == "released"


def test_a_rollback_needs_no_gate_and_no_freeze(world: World, project: UUID, release: Release) -> None:
    """What was there before may come back, whatever happened to its gates."""
    deployed(release)
    undone = deployed(cleared(make_release(world, project)))
    release.reject("G3")
    always = '{"freeze_windows": [{"from": "2000-01-01T00:00Z", "to": "2999-01-01T00:00Z", "reason": "always"}]}'
    world.rows("select ops.set_policy(%s, 'promotion', %s)", project, always)
    back = world.value("select ops.rollback_deployment(%s, 'orders vanish')", undone)
    row = world.row("select * from ops.deployments where id = %s", back)
    assert (row["release_id"], row["rollback_of"], row["reason"]) == (release.id, undone, "orders vanish")
    assert world.value("select ops.rollback_deployment(%s, 'again')", undone) == back, "it is on its way"


def test_a_request_that_joined_a_rollback_starts_no_other_one(world: World, project: UUID, release: Release) -> None:
    """Who heard no answer asks again with the same key, also after the rollback has failed."""
    deployed(release)
    undone = deployed(cleared(make_release(world, project)))
    ask = "select ops.rollback_deployment(%s, %s, p_with_data => %s, p_idempotency_key => %s)"
    back = world.value(ask, undone, "orders vanish", False, "a")
    assert world.value(ask, undone, "so it is", True, "b") == back
    assert world.value(ask, undone, "me too", False, None) == back
    assert world.value(ask, undone, "again", False, "c") == back
    with refused("23514", "joined_requests"):
        world.rows(ask, undone, "again", False, "x" * 201)
    world.rows("select ops.record_deployment_status(%s, 'failed')", back)
    assert world.value(ask, undone, "so it is", True, "b") == back
    assert world.value(ask, undone, "again", False, "c") == back
    assert world.value(ask, undone, "orders vanish", False, "a") == back
    for reason, with_data in (("so it is", False), ("another", True)):
        with refused("PT409", "was used for another request"):
            world.rows(ask, undone, reason, with_data, "b")
    with refused("PT409", "nothing to roll this deployment back to"):
        world.rows(ask, undone, "so it is", True, "d")


def test_a_rollback_goes_to_nothing_but_what_was_there(world: World, project: UUID, release: Release) -> None:
    """It is no way around the gates."""
    deployed(release)
    undone = deployed(cleared(make_release(world, project)))
    stranger = make_release(world, project)
    with refused("PT409", "was there before"):
        world.rows(INSERT, "production", IMAGE, '{"acme/shop": "' + SHA + '"}', undone, "why not", stranger.id)
    with refused("PT400", "A rollback has a reason"):
        world.rows("select ops.rollback_deployment(%s, ' ')", undone)


def test_there_must_be_something_to_roll_back_to(world: World, release: Release) -> None:
    """The first deployment stays, and so does one that something else followed."""
    first = deployed(release)
    with refused("PT409", "nothing to roll this deployment back to"):
        world.rows("select ops.rollback_deployment(%s, 'oops')", first)


def test_a_rollback_of_a_rollback_returns_to_no_release_taken_back(
    world: World, project: UUID, release: Release
) -> None:
    """What was found bad does not come back by pressing twice."""
    deployed(release)
    undone = deployed(cleared(make_release(world, project)))
    back = world.value("select ops.rollback_deployment(%s, 'orders vanish')", undone)
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", back)
    with refused("PT409", "nothing to roll this deployment back to"):
        world.rows("select ops.rollback_deployment(%s, 'oops')", back)


def test_health_within_the_window_passes_gate_g4(world: World, release: Release) -> None:
    """The gate mirrors the newest deployment."""
    deployment = deployed(release, "staging")
    assert release.status("G4") == "pending"
    world.rows("select ops.record_gate_check(%s, 'G4', 'health', 'passed')", release.id)
    assert release.status("G4") == "passed"
    assert world.value("select g4_status from ops.deployments where id = %s", deployment) == "passed"
    deployed(release)
    assert release.status("G4") == "pending", "the newest deployment has not proved its health"


def test_health_that_nobody_proved_within_the_window_failed(world: World, release: Release) -> None:
    """Nobody writes it down, and a late answer does not count, whatever time it claims."""
    deployed(release, "staging")
    release.let_time_pass("901 seconds")
    assert release.status("G4") == "failed"
    assert release.unmet("production") == {"G4": "failed: deployment to staging, waits for health"}
    world.rows(
        "select ops.record_gate_check(%s, 'G4', 'health', 'passed', p_occurred_at => now() - interval '10 minutes')",
        release.id,
    )
    assert release.status("G4") == "failed"


def test_a_deployment_that_failed_leaves_the_health_of_the_one_before(world: World, release: Release) -> None:
    """It brought nothing whose health could be asked: it may be tried again."""
    deployed(release, "staging")
    world.rows("select ops.record_gate_check(%s, 'G4', 'health', 'passed')", release.id)
    failed = world.value(PROMOTE, release.id, "staging")
    world.rows("select ops.record_deployment_status(%s, 'failed')", failed)
    assert release.status("G4") == "passed"
    assert release.eligible("production")


def test_a_check_of_an_older_deployment_says_nothing_of_the_newest(world: World, release: Release) -> None:
    """Each deployment proves its own health."""
    older = deployed(release, "staging")
    newer = deployed(release, "staging")
    world.rows("select ops.record_gate_check(%s, 'G4', 'health', 'failed', p_deployment_id => %s)", release.id, older)
    assert release.status("G4") == "pending"
    health = {row["id"]: row["g4_status"] for row in world.rows("select id, g4_status from ops.deployments")}
    assert health == {older: "failed", newer: "pending"}


def test_policy_may_ask_production_for_staging_s_health(world: World, project: UUID, release: Release) -> None:
    """With it, what never stood on staging does not reach production."""
    world.rows("select ops.set_policy(%s, 'promotion', '{\"production_requires_g4\": true}')", project)
    assert list(release.unmet("production")) == ["G4"]
    deployed(release, "staging")
    assert list(release.unmet("production")) == ["G4"]
    world.rows("select ops.record_gate_check(%s, 'G4', 'health', 'passed')", release.id)
    assert release.unmet("production") == {}
    deployed(release)
    assert release.unmet("production") == {}, "staging proved its health, production has its window"


def test_a_target_is_a_stage_or_an_environment(world: World, project: UUID, release: Release) -> None:
    """Where a stage has several environments, one has to be named."""
    for branch in ("release/1", "release/2"):
        world.rows("select * from ops.ensure_environment(%s, %s)", project, branch)
    with refused("PT409", "several staging environments: release/1, release/2"):
        world.rows(PROMOTE, release.id, "staging")
    deployment = world.value(PROMOTE, release.id, "release/2")
    found = world.value(
        "select e.name from ops.deployments d join ops.environments e on e.id = d.environment_id where d.id = %s",
        deployment,
    )
    assert found == "release/2"


def test_an_environment_named_like_a_stage_does_not_change_the_rules(world: World, project: UUID) -> None:
    """Who may make a staging called production must not get production's answer from it."""
    world.rows("select * from ops.ensure_environment(%s, 'production', 'staging')", project)
    release = make_release(world, project)
    release.check("G1")
    assert release.eligible("staging")
    assert not release.eligible("production")
    with refused("PT409", "not eligible for production"):
        world.rows("select ops.promote_release(%s, 'production', 'none')", release.id)


def test_who_promotes_is_a_release_manager(world: World, actors: Actors, release: Release) -> None:
    """Reading is not promoting, and a stranger does not learn that there is something to promote."""
    for persona in ("qa_tester", "developer", "audit_reader", "ci_service_role", "sre"):
        with refused("42501"):
            actors.token(persona, sub="p").rows(PROMOTE, release.id, "staging")
    person = world.person(world.member(world.value("select project_id from ops.releases"), "owner"))
    with refused("42501"):
        person.rows(PROMOTE, release.id, "staging")
    promote = "select ops.promote_release(%s, 'staging', p_requested_by => 'somebody else')"
    deployment = actors.login("release_manager").value(promote, release.id)
    assert world.value("select requested_by from ops.deployments where id = %s", deployment).startswith("person_")
    actors.token("sre", sub="sam").rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    let_time_pass(world, "1 second")
