"""Exceptions, freezes and windows are judged by the time at which a decision is made, not by that of the question."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString
from uuid import UUID

import pytest

from tests.sql.releases import Release, make_release, set_rules
from tests.sql.test_gates import until_it_waits
from tests.sql.world import World, connect, refused

PROMOTE: LiteralString = "select ops.promote_release(%s, 'production', 'a test')"


@pytest.fixture
def release(world: World, project: UUID) -> Release:
    """Return a release that may go to production as soon as gate G3 is waived."""
    made = make_release(world, project)
    made.check("G1")
    made.approve("G2")
    return made


def test_an_exception_that_ends_while_a_promotion_waits_does_not_count(
    world: World, project: UUID, release: Release
) -> None:
    """The promotion began while the gate was waived."""
    exception = release.waive("G3")
    with connect(world.url) as holder, connect(world.url) as manager, ThreadPoolExecutor(1) as pool:
        holder.execute("begin")
        holder.execute("select from ops.projects where id = %s for no key update", [project])
        promotion = pool.submit(manager.execute, PROMOTE, [release.id])
        until_it_waits(world, manager)
        with world.connection.transaction():
            world.rows("set local session_replication_role = replica")  # time passes only here
            world.rows("update ops.exceptions set expires_at = clock_timestamp() where id = %s", exception)
        holder.execute("commit")
        with refused("PT409", "not eligible for production"):
            promotion.result()


def test_a_freeze_that_begins_while_a_promotion_waits_holds_it(
    world: World, project: UUID, release: Release
) -> None:
    """The question was asked before."""
    release.approve("G3", by="max")
    with connect(world.url) as holder, connect(world.url) as manager, ThreadPoolExecutor(1) as pool:
        holder.execute("begin")
        holder.execute("select from ops.projects where id = %s for no key update", [project])
        promotion = pool.submit(manager.execute, PROMOTE, [release.id])
        until_it_waits(world, manager)
        begins = world.value("select clock_timestamp()").isoformat()
        set_rules(world, project, "promotion", freeze_windows=[{"from": begins, "to": "2999-01-01T00:00Z", "reason": "audit"}])
        holder.execute("commit")
        with refused("PT409", "not eligible for production"):
            promotion.result()


def test_a_promotion_is_asked_for_again_when_its_run_starts(world: World, project: UUID, release: Release) -> None:
    """An exception ended while the run waited in the queue: the deployment does not begin."""
    exception = release.waive("G3")
    deployment = world.value(PROMOTE, release.id)
    world.rows("select ops.revoke_exception(%s)", exception)
    start: LiteralString = "select ops.record_deployment_status(%s, 'running')"
    with refused("PT409", "not eligible for production"):
        world.rows(start, deployment)
    assert world.value("select status from ops.deployments") == "pending"
    release.approve("G3", by="max")
    world.rows(start, deployment)
    set_rules(world, project, "promotion", freeze_windows=[{"from": "2020-01-01T00:00Z", "to": "2999-01-01T00:00Z", "reason": "audit"}])
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    assert world.value("select status from ops.deployments") == "succeeded"


def test_a_rollback_starts_whatever_the_gates_say(world: World, project: UUID, release: Release) -> None:
    """It is never late."""
    release.approve("G3", by="max")
    next_one = make_release(world, project)
    next_one.check("G1")
    next_one.approve("G2")
    next_one.approve("G3", by="max")
    for each in (release, next_one):
        deployment = world.value(PROMOTE, each.id)
        world.rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    back = world.value("select ops.rollback_deployment(%s, 'it is slow')", deployment)
    release.reject("G3", by="max")
    world.rows("select ops.record_deployment_status(%s, 'running')", back)


def test_a_staging_whose_window_closed_unproven_can_be_made_again(world: World, release: Release) -> None:
    """Its new deployment reopens gate G4."""
    deployment = world.value("select ops.promote_release(%s, 'staging')", release.id)
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    release.let_time_pass("1 hour")
    assert release.status("G4") == "failed"
    assert "G4" in release.unmet("production")
    assert release.unmet("staging") == {}
    world.rows("select ops.promote_release(%s, 'staging')", release.id)
    assert release.status("G4") == "pending"


def test_a_staging_that_was_found_ill_is_not_made_again(world: World, release: Release) -> None:
    """Somebody looked, and it failed: that is no closed window."""
    deployment = world.value("select ops.promote_release(%s, 'staging')", release.id)
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    world.rows("select ops.record_gate_check(%s, 'G4', 'health', 'failed')", release.id)
    release.let_time_pass("1 hour")
    assert "G4" in release.unmet("staging")
