"""Images of builds: whose signature a stage asks for, and which images nothing on the record needs any more."""

from __future__ import annotations

import json
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import pytest

from tests.sql.releases import IMAGE, Release, make_release, set_rules, verified_backup
from tests.sql.world import SHA, World, refused

KEY, OTHER_KEY = "sha256:" + "c" * 64, "sha256:" + "d" * 64
OTHER = "sha256:" + "2" * 64
RECORD: LiteralString = "select ops.record_image(%s, 1, %s, %s, %s, p_layers => %s)"
REQUIRE: LiteralString = "select ops.require_image(%s, 1, %s)"
DEPLOY: LiteralString = "select ops.record_deployment(%s, 1, 'http://x', 8069, 'live', %s, %s)"
LONG_AGO: LiteralString = "update ops.images set used_at = now() - interval '20 days' where id = %s"


def reference(build: str) -> str:
    """Return the image of a build in a registry."""
    return f"registry.example/shop@sha256:{build.removeprefix('sha256:')[::-1]}"


def image_of(world: World, run: UUID, build: str = IMAGE, key: str | None = None, *layers: str) -> UUID:
    """Record the image of a build that the run uses."""
    found: UUID = world.value(RECORD, run, build, reference(build), key, list(layers))
    return found


def built(world: World, project: UUID, build: str = IMAGE, key: str | None = None, branch: str = "feature/a") -> UUID:
    """Have a run that made the image of a build and ended; return the image."""
    run = world.work(project, branch, p_kind="build")
    image = image_of(world, run, build, key)
    world.complete(run)
    return image


def approved(world: World, project: UUID, build: str = IMAGE) -> Release:
    """Return a release of the build whose gates hold."""
    release = make_release(world, project, image_digest=build)
    release.check("G1")
    release.approve("G2")
    release.approve("G3")
    return release


def kept_for(world: World, image: UUID) -> str:
    """Return why the image is kept; empty if it may be removed."""
    rows = world.rows("select * from ops.explain_image(%s) where question = 'removal' and not is_met", image)
    removable = [row["id"] for row in world.rows("select id from ops.images_to_remove()")]
    assert (image in removable) is not bool(rows)
    return rows[0]["detail"] if rows else ""


@pytest.mark.parametrize(
    ("key", "rules", "said"),
    [
        (None, {}, "is not signed, and policy images.production_signature is required"),
        (KEY, {}, None),
        (None, {"production_signature": "optional"}, None),
        (KEY, {"trusted_keys": [OTHER_KEY]}, f"is signed by the key {KEY}, which policy images.trusted_keys does not"),
        (KEY, {"trusted_keys": [OTHER_KEY, KEY]}, None),
    ],
    ids=["unsigned", "signed", "policy asks for none", "other key", "one of two keys"],
)
def test_a_release_goes_to_production_with_a_signature_that_policy_trusts(
    world: World, project: UUID, key: str | None, rules: dict[str, object], said: str | None
) -> None:
    """The default asks for it in production alone; what is asked is shown before anybody promotes."""
    set_rules(world, project, "images", **rules)
    built(world, project, key=key)
    release = approved(world, project)
    assert release.unmet("staging") == {}
    unmet = release.unmet("production")
    assert bool(unmet) is bool(said)
    if said:
        assert said in unmet["image"]
        with refused("PT409", "image"):
            world.rows("select ops.promote_release(%s, 'production')", release.id)


def test_a_release_without_an_image_needs_no_signature(world: World, project: UUID) -> None:
    """With the process runtime the code is mounted: nothing is asked of an image."""
    release = approved(world, project)
    rows = world.rows("select * from ops.explain_promotion(%s, 'production')", release.id)
    assert "image" not in {row["requirement"] for row in rows}
    assert release.unmet("production") == {}


def test_no_door_deploys_an_unsigned_image_to_production(world: World, project: UUID) -> None:
    """Refused before anything starts, and by the statement that would make it the deployment."""
    run = world.work(project, "main")
    image_of(world, run)
    for attempt in ((REQUIRE, run, IMAGE), (DEPLOY, run, IMAGE, SHA)):
        with refused("PT409", "The image may not be deployed here"):
            world.worker().rows(*attempt)
    assert world.value("select image_digest from ops.environments where name = 'main'") is None
    image_of(world, run, key=KEY)
    world.worker().rows(REQUIRE, run, IMAGE)
    world.worker().rows(DEPLOY, run, IMAGE, SHA)
    assert world.value("select image_digest from ops.environments where name = 'main'") == IMAGE


def test_a_preview_runs_an_unsigned_image_until_policy_asks(world: World, project: UUID) -> None:
    """The stage decides, whatever the runtime is."""
    run = world.work(project, "feature/a")
    image_of(world, run)
    world.rows(REQUIRE, run, IMAGE)
    set_rules(world, project, "images", development_signature="required")
    with refused("PT409", "The image may not be deployed here"):
        world.rows(REQUIRE, run, IMAGE)


def test_an_image_holds_one_build(world: World, project: UUID) -> None:
    """The signature of one build is none of another; an attempt that was given up records nothing."""
    run = world.work(project)
    image_of(world, run, key=KEY)
    with refused("PT400", "holds another build"):
        world.rows(RECORD, run, OTHER, reference(IMAGE), KEY, [])
    with refused("PT400", "No image may have these values"):
        world.rows(RECORD, run, IMAGE, "registry.example/shop:latest", KEY, [])
    world.complete(run)
    for query in (RECORD, REQUIRE):
        with refused("PT410"):
            world.rows(query, run, IMAGE, *([reference(IMAGE), KEY, []] if query == RECORD else []))


def deployed(world: World, project: UUID, build: str) -> UUID:
    """Bring a release of the build to production by an event of elsewhere; return the deployment."""
    release = approved(world, project, build)
    deployment: UUID = world.value("select ops.promote_release(%s, 'production')", release.id)
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    return deployment


@pytest.fixture
def production(world: World, project: UUID) -> UUID:
    """Return the project's production, which has a verified backup."""
    found: UUID = world.row("select id from ops.ensure_environment(%s, 'main')", project)["id"]
    verified_backup(world, project, age="1 hour")
    return found


def test_a_rollback_to_an_image_that_policy_does_not_trust_is_refused_and_said_before(
    world: World, project: UUID, production: UUID
) -> None:
    """Whoever looks at the ways back sees it; who does not, is told."""
    assert production
    built(world, project, key=KEY)
    built(world, project, OTHER, OTHER_KEY, branch="feature/b")
    deployed(world, project, IMAGE)
    newest = deployed(world, project, OTHER)
    set_rules(world, project, "images", trusted_keys=[OTHER_KEY])
    ways = world.rows("select * from ops.explain_rollback(%s)", newest)
    assert [(way["way"], way["is_possible"]) for way in ways] == [("code", False), ("code and data", False)]
    assert "images.trusted_keys" in ways[0]["detail"]
    with refused("PT409", "may not be deployed to production"):
        world.rows("select ops.rollback_deployment(%s, 'slow', 'sam')", newest)
    set_rules(world, project, "images", trusted_keys=[OTHER_KEY, KEY])
    assert world.value("select ops.rollback_deployment(%s, 'slow', 'sam')", newest)


def test_what_is_deployed_or_at_work_is_kept(world: World, project: UUID) -> None:
    """Whatever its age; a run that ended and a preview that is gone need it no longer."""
    run = world.work(project, "feature/a")
    image = image_of(world, run)
    world.rows(LONG_AGO, image)
    assert kept_for(world, image).startswith("used by run #")
    world.rows(DEPLOY, run, IMAGE, SHA)
    world.complete(run)
    assert kept_for(world, image) == "deployed in shop/feature/a"
    world.rows("update ops.environments set status = 'destroyed', destroyed_at = now(), url = null, port = null,"
               " database_name = null, image_digest = null, deployed_sha = null, deployed_run_id = null")  # fmt: skip
    assert kept_for(world, image) == ""
    world.rows("update ops.images set used_at = now()")
    assert kept_for(world, image) == "used in the days of policy images.keep_days"


def test_what_a_rollback_returns_to_is_kept(world: World, project: UUID, production: UUID) -> None:
    """Of three releases the last two, whatever their age; after a rollback the one before comes back."""
    assert production
    set_rules(world, project, "images", keep_releases=2, production_signature="optional")
    builds = ["sha256:" + digit * 64 for digit in "345"]
    images = [built(world, project, build, branch=f"feature/{build[-1]}") for build in builds]
    deployments = [deployed(world, project, build) for build in builds]
    for image in images:
        world.rows(LONG_AGO, image)
    world.rows("update ops.environments set image_digest = null")
    world.rows("set session_replication_role = replica")
    world.rows("update ops.releases set created_at = now() - interval '20 days'")
    world.rows("set session_replication_role = origin")
    assert [bool(kept_for(world, image)) for image in images] == [False, True, True]
    before = world.value("select ops_private.release_before(%s)", deployments[-1])
    assert kept_for(world, images[1]).endswith(
        world.value("select version from ops.releases where id = %s", before)
    )
    back = world.value("select ops.rollback_deployment(%s, 'slow', 'sam')", deployments[-1])
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", back)
    assert [bool(kept_for(world, image)) for image in images] == [True, True, False]


@pytest.mark.parametrize("status", ["verified", "dropped"])
def test_what_a_backup_ran_with_is_kept(world: World, project: UUID, production: UUID, status: str) -> None:
    """A restore starts it again; what retention dropped needs nothing."""
    assert production
    image = built(world, project)
    world.rows(LONG_AGO, image)
    world.rows("set session_replication_role = replica")
    world.rows("update ops.backups set image_digest = %s", IMAGE)
    if status == "dropped":
        world.rows("update ops.backups set status = 'dropped', dropped_at = now(), drop_reason = 'old'")
    world.rows("set session_replication_role = origin")
    assert kept_for(world, image) == ("a backup of shop/main" if status == "verified" else "")


def test_what_the_undo_of_a_restore_needs_is_kept(world: World, project: UUID, production: UUID) -> None:
    """Until the database of before is not kept any longer."""
    image = built(world, project)
    world.rows(LONG_AGO, image)
    report = json.dumps({"previous": {"image_digest": IMAGE}})
    world.rows("set session_replication_role = replica")
    world.rows(
        "insert into ops.restores (project_id, backup_id, environment_id, run_id, purpose, status, report,"
        " keep_previous_until, database_name, previous_database_name, finished_at) select %s, b.id, %s, r.id, 'restore',"
        " 'succeeded', %s, now() + interval '1 hour', 'new', 'old', now()"
        " from ops.backups as b cross join (select id from ops.runs limit 1) as r limit 1",
        project, production, report,
    )  # fmt: skip
    assert kept_for(world, image) == "a restore can be undone"
    world.rows("update ops.restores set keep_previous_until = now()")
    world.rows("set session_replication_role = origin")
    assert kept_for(world, image) == ""


def condemned(world: World, image: UUID) -> list[str] | None:
    """Begin the image's removal; return the layers that go with it, None if it is kept."""
    rows = world.worker().rows("select * from ops.condemn_image(%s)", image)
    return list(rows[0]["layers"]) if rows else None


def test_a_removal_takes_no_layer_that_another_image_has(world: World, project: UUID) -> None:
    """The highest first; told twice it is the same, and at the end nobody is told any more."""
    run = world.work(project)
    first = image_of(world, run, IMAGE, None, "base", "code 1")
    second = image_of(world, run, OTHER, None, "base", "code 2")
    world.complete(run)
    for image in (first, second):
        world.rows(LONG_AGO, image)
    assert condemned(world, first) == condemned(world, first) == ["code 1"]
    for _ in range(2):
        world.worker().rows("select ops.record_image_removed(%s)", first)
    assert condemned(world, first) is None
    assert condemned(world, second) == ["code 2", "base"]
    due: LiteralString = "select ops.image_removal_is_due(now(), now() - %s::interval)"
    assert (world.value(due, "1 hour"), world.value(due, "0")) == (True, False), "a killed removal, a refused one"


def test_an_image_that_is_used_again_is_kept(world: World, project: UUID) -> None:
    """Between the condemnation and the removal as after it: it was pushed again."""
    image = built(world, project)
    world.rows(LONG_AGO, image)
    assert condemned(world, image) == []
    run = world.work(project, "feature/b")
    assert image_of(world, run) == image
    with refused("PT409", "is not being removed"):
        world.rows("select ops.record_image_removed(%s)", image)
    assert condemned(world, image) is None
    # asked for by a person while nothing needed it, and needed since
    world.rows("update ops.images set condemned_at = now()")
    assert condemned(world, image) is None
    assert not world.value("select ops.image_removal_is_due(now(), now())")


def test_a_person_asks_for_what_the_clock_would_remove_later(world: World, project: UUID) -> None:
    """Nothing is removed by it that is needed; the clock looks once a day, and at once for what was asked."""
    needed, unused = built(world, project), built(world, project, OTHER, branch="feature/b")
    world.rows(LONG_AGO, unused)
    now: datetime = world.value("select now()")
    due: LiteralString = "select ops.image_removal_is_due(%s, %s::timestamptz)"
    assert not world.value(due, now, now)
    assert world.value(due, now, None)
    assert world.value("select ops.prune_images(%s)", project) == 1
    assert world.value(due, now, now)
    rows = world.worker().rows("select id from ops.v_images where condemned_at is not null")
    assert [row["id"] for row in rows] == [unused]
    assert kept_for(world, needed)
