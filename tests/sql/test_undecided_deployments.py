"""A deployment that stopped answering after people were let in: a person decides, or its code goes back in time."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.sql.actors import Actors
from tests.sql.releases import Release, make_release, set_rules
from tests.sql.test_deployments import cleared
from tests.sql.test_promotions import OLD_IMAGE, RECORD, backup_of, hosted, promoted, release
from tests.sql.world import SHA, World, refused

__all__ = ["hosted", "release"]
TELL = "select ops.tell_health(%s, 1, %s, %s, %s, 'a look')"
KEEP = "select ops.keep_deployment(%s, %s, %s)"
DUE = "select roll_back_undecided as id from ops.roll_back_undecided()"


def silent(world: World, release: Release) -> tuple[UUID, UUID]:
    """Promote the release, which answers until people are let in; return deployment and run."""
    deployment, run = promoted(world, release)
    world.rows("select * from ops.start_promotion(%s, 1, %s)", run, backup_of(world, run))
    world.rows(TELL, run, release.id, True, "before")
    world.rows(RECORD, run, "new", release_image(world, release), SHA)
    world.rows("select * from ops.await_decision(%s, 1, %s)", run, deployment)
    world.rows(TELL, run, release.id, False, "after")
    return deployment, run


def release_image(world: World, release: Release) -> str:
    """Return the image that the release is made of."""
    return str(world.value("select image_digest from ops.releases where id = %s", release.id))


@pytest.fixture
def asked(world: World, release: Release) -> UUID:
    """Return a deployment about which a person is asked."""
    deployment, run = silent(world, release)
    world.complete(run, 1)
    return deployment


def after_the_deadline(world: World) -> None:
    """Let the time for the decision be over."""
    with world.connection.transaction():
        world.rows("set local session_replication_role = replica")  # time passes only here
        world.rows("update ops.deployments set decision_due_at = clock_timestamp() where decision_due_at is not null")


def test_a_release_that_stopped_answering_is_inconclusive(world: World, release: Release, asked: UUID) -> None:
    """Neither promoted nor rolled back: gate G4 says so, and until when a person is asked."""
    assert release.status("G4") == "inconclusive"
    row = world.row("select * from ops.v_deployment_history where deployment_id = %s", asked)
    assert (row["status"], row["g4_status"], row["kept_by"]) == ("succeeded", "inconclusive", None)
    minutes = "select round(extract(epoch from decision_due_at - finished_at) / 60) from ops.deployments where id = %s"
    assert world.value(minutes, asked) == 60
    assert "a person decides by" in release.unmet("staging")["G4"]
    assert world.rows(DUE) == [], "there is time"


def test_policy_says_how_much_time_there_is(world: World, hosted: UUID, release: Release) -> None:
    """From a minute to a day."""
    set_rules(world, hosted, "promotion", decide_minutes=5)
    deployment, _ = silent(world, release)
    late = "select decision_due_at < finished_at + interval '6 minutes' from ops.deployments where id = %s"
    assert world.value(late, deployment)


def test_nobody_decides_and_the_code_goes_back(world: World, release: Release, asked: UUID) -> None:
    """Once, without the data of before: what people wrote since is kept."""
    after_the_deadline(world)
    [row] = world.rows(DUE)
    back = world.row("select * from ops.deployments where id = %s", row["id"])
    assert (back["rollback_of"], back["with_data"], back["image_digest"]) == (asked, False, OLD_IMAGE)
    assert "nobody decided by" in back["reason"]
    assert world.rows(DUE) == [], "it is on its way"
    with refused("PT409", "Nobody is asked"):
        world.rows(KEEP, asked, "too late", "max")
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", back["id"])
    assert world.value("select status from ops.releases where id = %s", release.id) == "rolled_back"


def test_a_rollback_that_failed_is_left_to_people(world: World, asked: UUID) -> None:
    """The clock tries once."""
    after_the_deadline(world)
    [row] = world.rows(DUE)
    world.rows("select ops.record_deployment_status(%s, 'failed')", row["id"])
    assert world.rows(DUE) == []
    world.rows(KEEP, asked, "it answers again", "max")
    assert world.value("select kept_by from ops.deployments where id = %s", asked) == "max"


def test_a_person_keeps_it(world: World, release: Release, asked: UUID) -> None:
    """Gate G4 passes by this person's word, and nothing goes back by itself any more."""
    world.rows(KEEP, asked, "only the monitor was blind", "max")
    assert release.status("G4") == "passed"
    reason = world.value("select reason from ops.v_gate_status where gate_id = %s", release.gate("G4"))
    assert reason == "deployment to production, kept by max: only the monitor was blind"
    world.rows(KEEP, asked, "again", "max")
    with refused("PT409", "Nobody is asked"):
        world.rows(KEEP, asked, "me too", "ana")
    after_the_deadline(world)
    assert world.rows(DUE) == []
    with refused("PT409", "append-only"):
        world.rows("update ops.deployments set kept_by = 'ana' where id = %s", asked)


def test_a_person_rolls_it_back(world: World, asked: UUID) -> None:
    """Which is the other answer; the clock has nothing left to do."""
    world.rows("select ops.rollback_deployment(%s, 'the monitor is right', p_with_data => true)", asked)
    after_the_deadline(world)
    assert world.rows(DUE) == []
    with refused("PT409", "Nobody is asked"):
        world.rows(KEEP, asked, "no", "max")


def test_one_that_answers_again_stays(world: World, release: Release, asked: UUID) -> None:
    """A newer look decides, whoever has it."""
    world.rows("select ops.record_gate_check(%s, 'G4', 'health', 'passed')", release.id)
    assert release.status("G4") == "passed"
    after_the_deadline(world)
    assert world.rows(DUE) == []


def test_one_that_another_release_followed_stays_gone(world: World, hosted: UUID, asked: UUID) -> None:
    """What serves is not that any more."""
    next_one = cleared(make_release(world, hosted, "1.2", image_digest="sha256:" + "3" * 64))
    _, run = promoted(world, next_one)
    world.rows("select * from ops.start_promotion(%s, 1, %s)", run, backup_of(world, run))
    world.rows(RECORD, run, "newer", "sha256:" + "3" * 64, SHA)
    after_the_deadline(world)
    assert world.rows(DUE) == []


def test_who_keeps_it_is_somebody_who_may_promote_or_roll_back(world: World, actors: Actors, asked: UUID) -> None:
    """And says why."""
    for persona in ("qa_tester", "developer", "audit_reader", "ci_service_role"):
        with refused("42501"):
            actors.token(persona, sub="p").rows(KEEP, asked, "why not", None)
    sre = actors.token("sre", sub="sam")
    with refused("PT400", "for a reason"):
        sre.rows(KEEP, asked, " ", None)
    with refused("PT403", "act as yourself"):
        sre.rows(KEEP, asked, "it answers", "max")
    sre.rows(KEEP, asked, "it answers", None)
    assert world.value("select kept_by from ops.deployments where id = %s", asked) == "sam"


def test_only_what_its_own_run_brought_is_asked_about(world: World, release: Release) -> None:
    """And not before it did."""
    deployment, run = promoted(world, release)
    with refused("PT409", "has brought no such deployment"):
        world.rows("select * from ops.await_decision(%s, 1, %s)", run, deployment)
