"""What the record knows of promotions by the platform's own runs: who may start them, and of what."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from tests.sql.releases import IMAGE, Release, make_release, set_rules
from tests.sql.world import SHA, World, refused

OLD_IMAGE = "sha256:" + "0" * 64
OLD_SHA = "0" * 40
RECORD = "select * from ops.record_promotion(%s, 1, 'http://x', 8069, %s, %s, %s, now() + interval '1 day')"


def at_work(world: World, project: UUID, sha: str, **options: object) -> UUID:
    """Return a run of the default branch at work on the commit."""
    run = world.queue(project, "main", sha, **options)
    assert [row["id"] for row in world.claim()] == [run]
    world.start(run)
    return run


@pytest.fixture
def hosted(world: World, project: UUID) -> UUID:
    """Return the project, whose production is deployed by a run."""
    run = at_work(world, project, OLD_SHA)
    world.rows("select ops.record_deployment(%s, 1, 'http://x', 8069, 'live', %s, %s)", run, OLD_IMAGE, OLD_SHA)
    world.complete(run)
    return project


@pytest.fixture
def release(world: World, hosted: UUID) -> Release:
    """Return a release that may go everywhere."""
    made = make_release(world, hosted, "1.1")
    made.check("G1")
    made.approve("G2")
    made.approve("G3")
    return made


def promoted(world: World, release: Release) -> tuple[UUID, UUID]:
    """Ask for the promotion, start its run, and return deployment and run."""
    deployment: UUID = world.value("select ops.promote_release(%s, 'production')", release.id)
    (run,) = world.claim()
    world.start(run["id"])
    return deployment, run["id"]


def backup_of(world: World, run: UUID) -> UUID:
    """Return a verified backup of the run's environment."""
    found: UUID = world.value(
        "insert into ops.backups (project_id, environment_id, stage, status, manifest_url, manifest_sha256, taken_at,"
        " stored_at, verified_at, run_id) select q.project_id, q.environment_id, 'production', 'verified', 's3://b/m',"
        " repeat('a', 64), now(), now(), now(), q.run_id from ops.run_requests as q where q.run_id = %s returning id",
        run,
    )
    return found


def serving(world: World) -> tuple[str, str]:
    """Return the database and the image that production serves."""
    row = world.row("select database_name, image_digest from ops.environments where stage = 'production'")
    return row["database_name"], row["image_digest"]


def test_the_run_makes_the_backup_of_a_hosted_production(world: World, release: Release) -> None:
    """Nothing has to be there before, and nothing starts without it."""
    deployment, run = promoted(world, release)
    with refused("PT409", "without a verified backup"):
        world.rows("select * from ops.start_promotion(%s, 1)", run)
    backup = backup_of(world, run)
    world.rows("select * from ops.start_promotion(%s, 1, %s)", run, backup)
    row = world.row("select status, backup_id from ops.deployments where id = %s", deployment)
    assert (row["status"], row["backup_id"]) == ("running", backup)


def test_a_backup_of_something_else_is_no_way_back(world: World, release: Release) -> None:
    """It has to be of this production, and read back."""
    _, run = promoted(world, release)
    backup = backup_of(world, run)
    world.rows("update ops.backups set status = 'failed', error_message = 'damaged' where id = %s", backup)
    with refused("PT409", "without a verified backup"):
        world.rows("select * from ops.start_promotion(%s, 1, %s)", run, backup)


@pytest.mark.parametrize(
    ("image", "sha"), [("sha256:" + "2" * 64, SHA), (IMAGE, "b" * 40)], ids=["another image", "another commit"]
)
def test_nothing_but_the_released_build_takes_over(world: World, release: Release, image: str, sha: str) -> None:
    """By no door: neither that of promotions nor that of deployments."""
    _, run = promoted(world, release)
    world.rows("select * from ops.start_promotion(%s, 1, %s)", run, backup_of(world, run))
    with refused("PT409", r"Release 1\.1 is another build"):
        world.rows(RECORD, run, "new", image, sha)
    with refused("PT409", r"Release 1\.1 is another build"):
        world.rows("select ops.record_deployment(%s, 1, 'http://x', 8069, 'new', %s, %s)", run, image, sha)
    assert serving(world) == ("live", OLD_IMAGE)


def test_a_promotion_ends_with_the_switch(world: World, release: Release) -> None:
    """One statement: the environment, the deployment, and how long the data of before are kept."""
    deployment, run = promoted(world, release)
    world.rows("select * from ops.start_promotion(%s, 1, %s)", run, backup_of(world, run))
    world.rows(RECORD, run, "new", IMAGE, SHA)
    assert serving(world) == ("new", IMAGE)
    row = world.row("select * from ops.deployments where id = %s", deployment)
    assert (row["status"], row["database_name"], row["previous_database_name"]) == ("succeeded", "new", "live")
    for database in ("new", "live"):
        with refused("PT409", "serves shop/main|a promotion of shop/main can be undone"):
            world.rows("select ops.require_unused_database(%s)", database)
    with refused("PT409", "No deployment waits"):
        world.rows(RECORD, run, "third", IMAGE, SHA)


def test_a_failure_before_people_were_let_in_is_a_rollback_and_an_incident(world: World, release: Release) -> None:
    """All of it at once, and not after the switch."""
    deployment, run = promoted(world, release)
    world.rows("select * from ops.start_promotion(%s, 1, %s)", run, backup_of(world, run))
    incident = world.value("select ops.record_promotion_failure(%s, 1, 'no login form')", run)
    row = world.row("select * from ops.incidents where id = %s", incident)
    assert (row["deployment_id"], row["status"]) == (deployment, "open")
    back = world.row("select * from ops.deployments where rollback_of = %s", deployment)
    assert (back["status"], back["image_digest"], back["with_data"]) == ("succeeded", OLD_IMAGE, True)
    assert world.value("select status from ops.releases where id = %s", release.id) == "rolled_back"
    assert serving(world) == ("live", OLD_IMAGE)
    with refused("PT409", "No deployment waits"):
        world.rows("select ops.record_promotion_failure(%s, 1, 'again')", run)


def test_after_the_switch_a_failure_takes_nothing_back(world: World, release: Release) -> None:
    """People were let in."""
    _, run = promoted(world, release)
    world.rows("select * from ops.start_promotion(%s, 1, %s)", run, backup_of(world, run))
    world.rows(RECORD, run, "new", IMAGE, SHA)
    with refused("PT409", "No deployment waits"):
        world.rows("select ops.record_promotion_failure(%s, 1, 'late')", run)


def test_a_lost_attempt_promotes_nothing(world: World, release: Release) -> None:
    """The fencing token is asked by every door."""
    _, run = promoted(world, release)
    world.rows("select ops.requeue_run(%s, 1, 'gone')", run)
    for query in (
        "select * from ops.start_promotion(%s, 1)",
        "select ops.record_promotion_failure(%s, 1, 'x')",
    ):
        with refused("PT410", "is over"):
            world.rows(query, run)
    with refused("PT410", "is over"):
        world.rows(RECORD, run, "new", IMAGE, SHA)


def test_with_by_hand_the_build_is_what_decides(world: World, hosted: UUID) -> None:
    """The other gates are recorded as not required; explain_promotion says so."""
    set_rules(world, hosted, "promotion", release="by_hand")
    release = make_release(world, hosted)
    assert release.unmet("production") == {"G1": "pending: waits for build"}
    release.check("G1")
    assert release.eligible("production")
    rows = world.rows("select * from ops.explain_promotion(%s, 'production')", release.id)
    assert {row["requirement"]: row["detail"] for row in rows if row["requirement"] in ("G2", "G3")} == {
        "G2": "not required: policy promotion.release is not gated",
        "G3": "not required: policy promotion.release is not gated",
    }
    required = world.rows("select gate_code, is_required from ops.v_gate_status where release_id = %s", release.id)
    assert {row["gate_code"] for row in required if row["is_required"]} == {"G1", "G4"}


def test_a_rejected_gate_blocks_though_nobody_asked_for_it(world: World, hosted: UUID) -> None:
    """Who says no is heard."""
    set_rules(world, hosted, "promotion", release="by_hand")
    release = make_release(world, hosted)
    release.check("G1")
    release.reject("G2")
    assert list(release.unmet("production")) == ["G2"]


@pytest.mark.parametrize("then", ["gated", "by_hand"])
def test_of_the_policies_of_then_and_now_the_stricter_counts(world: World, hosted: UUID, then: str) -> None:
    """Neither a release from before the policy nor one from after it slips through."""
    set_rules(world, hosted, "promotion", release=then)
    release = make_release(world, hosted)
    release.check("G1")
    set_rules(world, hosted, "promotion", release="by_hand" if then == "gated" else "gated")
    assert list(release.unmet("production")) == ["G2", "G3"]


def built(world: World, project: UUID, sha: str = SHA, image: str = IMAGE) -> UUID:
    """Let a build of the default branch succeed."""
    run = at_work(world, project, sha, p_kind="build")
    world.rows("select ops.record_lineage(%s, 1, 'image', 'shop/main', '1', %s)", run, image)
    world.complete(run)
    return run


def test_a_build_becomes_a_release_with_its_own_gate(world: World, hosted: UUID) -> None:
    """Its commit, its image, G1 by the build; asked again, it is the same."""
    set_rules(world, hosted, "promotion", release="by_hand")
    run = built(world, hosted)
    release = world.value("select ops.release_build(%s)", hosted)
    row = world.row("select * from ops.releases where id = %s", release)
    assert (row["image_digest"], list(row["git_shas"].values()), row["run_id"]) == (IMAGE, [SHA], run)
    assert row["version"] == "build-2"
    assert world.value("select ops.is_eligible_for_promotion(%s, 'production')", release)
    assert world.value("select ops.release_build(%s)", hosted) == release
    assert world.value("select count(*) from ops.gate_checks") == 1


def test_a_failed_or_a_foreign_build_is_no_release(world: World, project: UUID) -> None:
    """Only what succeeded, of the default branch."""
    run = world.work(project, "main", p_kind="build")
    world.rows("select ops.record_lineage(%s, 1, 'image', 'shop/main', '1', %s)", run, IMAGE)
    world.complete(run, 1)
    other = world.work(project, "feature/a", p_kind="build")
    world.rows("select ops.record_lineage(%s, 1, 'image', 'shop/feature/a', '1', %s)", other, IMAGE)
    world.complete(other)
    with refused("PT409", "has no build that succeeded"):
        world.rows("select ops.release_build(%s)", project)


def test_on_push_promotes_each_build_once(world: World, hosted: UUID) -> None:
    """The newest, one at a time, and never again what was there before."""
    due = "select * from ops.promote_due_builds()"
    built(world, hosted)
    assert world.rows(due) == [], "the policy is gated"
    set_rules(world, hosted, "promotion", release="on_push")
    assert len(world.rows(due)) == 1
    assert world.rows(due) == [], "it is on its way"
    (run,) = world.claim()
    world.start(run["id"])
    world.complete(run["id"], 1)
    world.rows("select ops.close_deployments()")
    assert world.rows(due) == [], "it was tried"
    built(world, hosted, "c" * 40, "sha256:" + "3" * 64)
    assert len(world.rows(due)) == 1


def test_on_push_waits_for_the_end_of_a_freeze(world: World, hosted: UUID) -> None:
    """It is refused, and asked again later."""
    always = [{"from": "2000-01-01T00:00Z", "to": "2999-01-01T00:00Z", "reason": "always"}]
    set_rules(world, hosted, "promotion", release="on_push", freeze_windows=always)
    built(world, hosted)
    assert world.rows("select * from ops.promote_due_builds()") == []
    set_rules(world, hosted, "promotion", release="on_push")
    assert len(world.rows("select * from ops.promote_due_builds()")) == 1


def test_what_serves_may_be_recorded_without_its_gates_but_nothing_else(world: World, hosted: UUID) -> None:
    """A deployment that claims the run of what serves has to be exactly that."""
    release = make_release(world, hosted)
    insert = (
        "insert into ops.deployments (project_id, release_id, environment_id, stage, image_digest, git_shas,"
        " requested_by, no_backup_reason, run_id) select r.project_id, r.id, e.id, 'production', r.image_digest,"
        " r.git_shas, 'x', 'none', e.deployed_run_id from ops.releases as r, ops.environments as e"
        " where r.id = %s and e.stage = 'production'"
    )
    with refused("PT409", "not eligible for production"):
        world.rows(insert, release.id)
    same = make_release(world, hosted, image_digest=OLD_IMAGE, git_shas=json.dumps({"acme/shop": OLD_SHA}))
    world.rows(insert, same.id)


def test_the_two_ways_back_say_what_they_lose(world: World, release: Release) -> None:
    """Code alone loses nothing; with the data, the minutes since people were let in."""
    deployment, run = promoted(world, release)
    world.rows("select * from ops.start_promotion(%s, 1, %s)", run, backup_of(world, run))
    world.rows(RECORD, run, "new", IMAGE, SHA)
    world.complete(run)
    release.let_time_pass("90 minutes")
    ways = {row["way"]: row for row in world.rows("select * from ops.explain_rollback(%s)", deployment)}
    assert (ways["code"]["is_possible"], ways["code"]["lost_minutes"]) == (True, 0)
    assert (ways["code and data"]["is_possible"], ways["code and data"]["lost_minutes"]) == (True, 91)
    world.rows("update ops.deployments set keep_previous_until = now() - interval '1 minute' where id = %s", deployment)
    with refused("PT409", "are not kept"):
        world.rows("select ops.rollback_deployment(%s, 'oops', p_with_data => true)", deployment)
    assert world.value("select ops.rollback_deployment(%s, 'oops')", deployment)
