"""A release that was rolled back, rejected or withdrawn goes nowhere any more, by whatever door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from tests.sql.releases import IMAGE, Release, make_release, set_rules
from tests.sql.test_deployments import INSERT, PROMOTE, cleared, deployed
from tests.sql.test_promotions import built as make_build
from tests.sql.test_promotions import hosted
from tests.sql.world import SHA, World, connect, refused

__all__ = ["hosted"]
STATUS = "select status from ops.releases where id = %s"


@pytest.fixture
def bad(world: World, project: UUID) -> Release:
    """Return a release that was in production and was rolled back; all its gates pass."""
    deployed(cleared(make_release(world, project, "1.0")))
    made = cleared(make_release(world, project, "2.0"))
    back = world.value("select ops.rollback_deployment(%s, 'orders vanish')", deployed(made))
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", back)
    world.rows("select ops.record_gate_check(%s, 'G4', 'health', 'passed')", made.id)
    assert world.value(STATUS, made.id) == "rolled_back"
    return made


def test_what_was_rolled_back_is_promoted_by_no_door(world: World, bad: Release) -> None:
    """The requirement says so, and what to do."""
    for target in ("staging", "production"):
        assert bad.unmet(target) == {"release": "2.0 was rolled back and stays so: make another release"}
        with refused("PT409", f"not eligible for {target}"):
            world.rows("select ops.promote_release(%s, %s, 'a test')", bad.id, target)
        with refused("PT409", f"not eligible for {target}"):
            world.rows(INSERT, target, IMAGE, '{"acme/shop": "' + SHA + '"}', None, None, bad.id)
    row = world.row("select * from ops.v_promotion_eligibility where release_id = %s", bad.id)
    assert (row["eligible_for_production"], str(row["production_missing"])[:11]) == (False, "release: 2.")


def test_an_exception_does_not_bring_it_back(world: World, bad: Release) -> None:
    """Not even broken glass: the next release is made in a second."""
    for code in ("G1", "G2", "G3", "G4"):
        world.rows("select ops.break_glass(%s, %s, 'now')", bad.id, code)
    assert list(bad.unmet("production")) == ["release"]


def test_the_same_build_is_another_release(world: World, project: UUID, bad: Release) -> None:
    """It begins anew, with nobody's word for it."""
    assert not bad.eligible("production")
    again = make_release(world, project, "2.1")
    assert list(again.unmet("production")) == ["G1", "G2", "G3"]
    assert cleared(again).eligible("production")


def test_one_that_waited_when_it_was_rolled_back_does_not_start(world: World, project: UUID) -> None:
    """Its way to a staging had been asked for before."""
    deployed(cleared(make_release(world, project, "1.0")))
    release = cleared(make_release(world, project, "2.0"))
    undone = deployed(release)
    waiting = world.value(PROMOTE, release.id, "staging")
    back = world.value("select ops.rollback_deployment(%s, 'orders vanish')", undone)
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", back)
    with refused("PT409", "not eligible for staging"):
        world.rows("select ops.record_deployment_status(%s, 'running')", waiting)
    world.rows("select ops.record_deployment_status(%s, 'failed')", waiting)
    assert world.value(STATUS, release.id) == "rolled_back"


def test_no_rollback_returns_to_what_was_rolled_back(world: World, project: UUID) -> None:
    """Also where it was there twice: brought, and brought back."""
    releases = [cleared(make_release(world, project, version)) for version in ("1.0", "2.0", "3.0", "4.0")]
    first, second, third, fourth = releases
    deployed(first)
    deployed(second)
    for undone in (deployed(third), None):
        newest = undone or world.value("select id from ops.deployments order by created_at desc limit 1")
        back = world.value("select ops.rollback_deployment(%s, 'slow')", newest)
        world.rows("select ops.record_deployment_status(%s, 'succeeded')", back)
    assert [world.value(STATUS, each.id) for each in releases[:3]] == ["released", "rolled_back", "rolled_back"]
    undone = deployed(fourth)
    world.rows("select ops.withdraw_release(%s)", first.id)
    with refused("PT409", "nothing to roll this deployment back to"):
        world.rows("select ops.rollback_deployment(%s, 'slow')", undone)


def test_what_was_rolled_back_may_be_withdrawn_and_nothing_else(world: World, bad: Release) -> None:
    """Its state has one way out."""
    world.rows("select ops.withdraw_release(%s)", bad.id)
    assert world.value(STATUS, bad.id) == "withdrawn"
    assert list(bad.unmet("production")) == ["release"]


@pytest.fixture
def built(world: World, hosted: UUID) -> UUID:
    """Return a project with a build of the default branch, which policy promotes by itself."""
    make_build(world, hosted)
    set_rules(world, hosted, "promotion", release="on_push")
    return hosted


def test_a_build_is_another_release_once_one_of_it_was_rejected(world: World, built: UUID) -> None:
    """A person who promotes the newest build begins anew; the clock does not."""
    first = world.value("select ops.release_build(%s)", built)
    assert world.value("select ops.release_build(%s)", built) == first
    world.rows("select ops.sign_off_gate(%s, 'G2', 'rejected', p_approver_id => 'ana')", first)
    assert world.rows("select * from ops.promote_due_builds()") == []
    assert world.value("select ops.release_build(%s)", built) != first


@pytest.mark.parametrize("how", ["rejected", "withdrawn"])
def test_the_clock_promotes_no_build_that_somebody_refused(world: World, built: UUID, how: str) -> None:
    """Policy on_push promotes what nobody spoke against."""
    release = world.value("select ops.release_build(%s)", built)
    if how == "rejected":
        world.rows("select ops.sign_off_gate(%s, 'G3', 'rejected', p_approver_id => 'max')", release)
    else:
        world.rows("select ops.withdraw_release(%s)", release)
    assert world.rows("select * from ops.promote_due_builds()") == []


def test_approvals_that_race_a_rejection_never_win(world: World, project: UUID) -> None:
    """Whatever order they arrive in, and whoever rejects, the gate has failed and nothing was promoted after it."""
    set_rules(world, project, "promotion", staging_requires_g2=True)
    for _ in range(5):
        release = make_release(world, project)
        release.check("G1")

        def decide(what: tuple[str, str], release: UUID = release.id) -> None:
            with connect(world.url) as connection:
                person, decision = what
                connection.execute(
                    "select ops.sign_off_gate(%s, 'G2', %s, p_approver_id => %s)", [release, decision, person]
                )

        def promote(release: UUID = release.id) -> bool:
            with connect(world.url) as connection:
                try:
                    connection.execute(PROMOTE, [release, "staging"])
                except psycopg.Error:
                    return False
                return True

        with ThreadPoolExecutor(8) as pool:
            decisions = [("ana", "approved"), ("ben", "rejected"), ("ben", "approved"), ("cy", "approved")]
            told = [pool.submit(decide, decision) for decision in decisions]
            asked = [pool.submit(promote) for _ in range(3)]
            for each in told:
                each.result()
            was_promoted = any(each.result() for each in asked)
        assert release.status("G2") == "failed"
        assert not release.eligible("staging")
        for row in world.rows("select id from ops.deployments where status = 'pending'"):
            assert was_promoted
            with refused("PT409", "not eligible for staging"):
                world.rows("select ops.record_deployment_status(%s, 'running')", row["id"])
            world.rows("select ops.record_deployment_status(%s, 'failed')", row["id"])
