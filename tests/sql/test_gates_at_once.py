"""Everybody at once: facts, decisions, promotions and rollbacks of a few releases, in no order."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from tests.sql.releases import Release, make_release
from tests.sql.world import World, connect

SUCCEED: LiteralString = (
    "select ops.record_deployment_status(id, 'succeeded') from (select id from ops.deployments"
    " where status = 'pending' order by random() limit 1) as d"
)
ROLL_BACK: LiteralString = (
    "select ops.rollback_deployment(id, 'a test') from (select id from ops.deployments"
    " where status = 'succeeded' order by created_at desc limit 1) as d"
)
STATEMENTS: tuple[LiteralString, ...] = (
    "select ops.record_gate_check(%(release)s, 'G1', 'build', 'passed')",
    "select ops.sign_off_gate(%(release)s, 'G2', 'approved', p_approver_id => 'ana')",
    "select ops.sign_off_gate(%(release)s, 'G3', 'approved', p_approver_id => 'max')",
    "select ops.promote_release(%(release)s, 'staging')",
    "select ops.promote_release(%(release)s, 'production', 'a test')",
    SUCCEED,
    SUCCEED,
    "select ops.record_gate_check(%(release)s, 'G4', 'health', 'passed')",
    ROLL_BACK,
    "select ops.evaluate_gate(id) from ops.release_gates where release_id = %(release)s order by gate_code",
    "select ops.break_glass(%(release)s, 'G4', 'a test')",
)


def test_no_two_of_them_wait_for_each_other(world: World, project: UUID) -> None:
    """Refusals are answers; a deadlock is a mistake, and so is a verdict that the facts do not give."""
    releases = [make_release(world, project) for _ in range(3)]

    def live(seed: int) -> set[str]:
        chance, met = random.Random(seed), set()  # noqa: S311 -- a story, not a secret
        with connect(world.url) as connection:
            for _ in range(100):
                values: dict[str, Any] = {"release": chance.choice(releases).id}
                try:
                    connection.execute(chance.choice(STATEMENTS), values)
                    met.add("done")
                except psycopg.Error as error:
                    met.add(str(error.sqlstate))
        return met

    with ThreadPoolExecutor(8) as pool:
        met = set().union(*pool.map(live, range(8)))
    assert met == {"done", "PT409"}
    assert world.value("select count(*) from ops.deployments where status = 'succeeded'") > 0
    for release in releases:
        stored_is_what_a_new_judgement_says(world, release)


def stored_is_what_a_new_judgement_says(world: World, release: Release) -> None:
    """Compare each gate's merit with a judgement made now, when nobody else is there."""
    rows = "select gate_code, merit, reason from ops.release_gates where release_id = %s order by gate_code"
    before = world.rows(rows, release.id)
    for code in ("G1", "G2", "G3", "G4"):
        release.evaluate(code)
    assert world.rows(rows, release.id) == before
