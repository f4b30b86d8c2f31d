"""Rehearsals as the record keeps them: of what they count, until when, and what an approval rests on."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import LiteralString
from uuid import UUID

import pytest

from tests.sql.releases import TIMES, Release, make_release, set_rules, verified_backup
from tests.sql.world import World, refused

END: LiteralString = "select * from ops.record_rehearsal_end(%s, 1, %s, 'it would take over')"
PHASE: LiteralString = "select ops.record_phase(%s, %s, %s, %s)"
REQUIRED = {"rehearsal": "required", "rehearsal_max_age_hours": 4}


@pytest.fixture
def hosted(world: World, project: UUID, production: UUID) -> UUID:
    """Return a production that is deployed here."""
    world.rows(
        "update ops.environments set database_name = 'serves', status = 'running', url = 'http://x', port = 8069"
        " where id = %s",
        production,
    )
    return production


@pytest.fixture
def release(world: World, project: UUID, hosted: UUID) -> Release:
    """Return a release whose build passed, and that a person promotes."""
    assert hosted
    set_rules(world, project, "promotion", release="by_hand")
    made = make_release(world, project, "1.0")
    made.check("G1")
    return made


def begun(world: World, release: Release) -> UUID:
    """Ask for a rehearsal, start it, and return its run."""
    run: UUID = world.value("select ops.rehearse_release(%s)", release.id)
    assert [row["id"] for row in world.claim()] == [run]
    world.start(run)
    project: UUID = world.value("select project_id from ops.releases where id = %s", release.id)
    backup = verified_backup(world, project, age="1 hour")
    world.rows("select ops.record_restore_start(%s, 1, %s, 'drill')", run, backup)
    world.rows("select ops.record_rehearsal_start(%s, 1)", run)
    return run


def rehearse(world: World, release: Release, *, passed: bool = True, **phases: float) -> UUID:
    """Rehearse the release with these phases, and return the run."""
    run = begun(world, release)
    for name, seconds in phases.items():
        world.rows(PHASE, run, 1, name, Decimal(str(seconds)))
    world.rows(END, run, passed)
    world.complete(run, 0 if passed else 1)
    return run


def let_time_pass(world: World, interval: str) -> None:
    """Let everything, rehearsals too, have happened that much earlier."""
    tables = {**TIMES, "rehearsals": ("started_at", "finished_at"), "release_gates": ("deadline_at", "evaluated_at")}
    with world.connection.transaction():
        world.rows("set local session_replication_role = replica")
        for table, columns in tables.items():
            moves = ", ".join(f"{column} = {column} - %(past)s::interval" for column in columns)
            world.connection.execute(f"update ops.{table} set {moves}".encode(), {"past": interval})


def predicted(world: World, release: Release) -> dict[str, tuple[float, float, int]]:
    """Return the median, the worst and the number of rehearsals by phase."""
    rows = world.rows("select * from ops.v_release_downtime where release_id = %s", release.id)
    return {row["phase"]: (float(row["median_seconds"]), float(row["worst_seconds"]), row["rehearsal_count"]) for row in rows}


def test_the_prediction_is_the_median_and_the_worst_of_those_that_passed(world: World, release: Release) -> None:
    """There is none before the first; one that failed tells nothing, and people work during the backup."""
    assert predicted(world, release) == {}
    rehearse(world, release, passed=False, copy=1, update=900)
    assert predicted(world, release) == {}
    for update in (10, 40, 20):
        rehearse(world, release, backup=300, copy=1, update=update, health=2, start=3)
    found = predicted(world, release)
    assert found["update"] == (20, 40, 3)
    assert found["downtime"] == (23, 43, 3)
    assert found["backup"] == (300, 300, 3)


def test_without_a_copy_nothing_keeps_people_out(world: World, release: Release) -> None:
    """Such a build is proved beside the one that serves, and answers in the start."""
    rehearse(world, release, health=9, start=2)
    assert predicted(world, release)["downtime"] == (0, 0, 1)


def test_another_release_predicts_nothing(world: World, project: UUID, release: Release) -> None:
    """Even of the same build: it is tried by itself."""
    rehearse(world, release, health=9, start=2)
    other = make_release(world, project, "1.1")
    assert predicted(world, other) == {}


def test_a_rehearsal_counts_until_it_expires_and_of_what_it_tried(
    world: World, project: UUID, release: Release
) -> None:
    """Where policy requires one; each case is said in its own words."""
    assert release.unmet("production") == {}
    set_rules(world, project, "promotion", release="by_hand", **REQUIRED)
    assert release.unmet("production") == {"rehearsal": "it was never rehearsed"}
    assert "rehearsal" not in release.unmet("staging")
    rehearse(world, release, passed=False)
    assert release.unmet("production") == {"rehearsal": "it would take over"}
    rehearse(world, release)
    assert release.eligible("production")
    release.check("G1", "log_clean")
    assert release.unmet("production") == {"rehearsal": "the release is not what was rehearsed any more"}
    rehearse(world, release)
    assert release.eligible("production")
    let_time_pass(world, "4 hours 1 second")
    assert release.unmet("production") == {"rehearsal": "it expired: policy allows 4 h"}
    with refused("PT409", "not eligible for production"):
        world.rows("select ops.promote_release(%s, 'production')", release.id)


def test_an_approval_that_rests_on_a_rehearsal_ends_with_it(world: World, project: UUID, hosted: UUID) -> None:
    """One that was given before the rehearsal rests on none and stays; a new rehearsal makes both count again."""
    assert hosted
    set_rules(world, project, "promotion", **REQUIRED)
    release = make_release(world, project, "1.0")
    release.check("G1")
    release.approve("G2", by="ana")
    rehearse(world, release)
    assert release.status("G2") == "passed"
    release.approve("G3", by="max")
    assert release.eligible("production")
    shown = world.value("select ops.shown_digest(%s)", release.id)
    let_time_pass(world, "5 hours")
    assert world.worker().value("select ops.settle_gates()") == 2  # both are judged again
    assert world.worker().value("select ops.settle_gates()") == 0
    assert world.value("select ops.shown_digest(%s)", release.id) != shown
    assert release.unmet("production") == {
        "G3": "pending: approved by 0 of 1 (does not count: max, since then rehearsal is expired)",
        "rehearsal": "it expired: policy allows 4 h",
    }
    with refused("PT409", "not what you were shown any more"):
        world.rows("select ops.sign_off_gate(%s, 'G3', 'approved', p_approver_id => 'eve', p_shown => %s)",
                   release.id, shown)  # fmt: skip
    rehearse(world, release)
    assert release.eligible("production")


def test_a_promotion_whose_rehearsal_expired_while_it_waited_does_not_start(
    world: World, project: UUID, release: Release
) -> None:
    """It is asked for again when the run starts."""
    set_rules(world, project, "promotion", release="by_hand", **REQUIRED)
    rehearse(world, release)
    world.rows("select ops.promote_release(%s, 'production')", release.id)
    let_time_pass(world, "5 hours")
    [run] = world.claim()
    world.start(run["id"])
    with refused("PT409", "not eligible for production"):
        world.rows("select ops.start_promotion(%s, 1)", run["id"])


def test_two_requests_are_one_rehearsal(world: World, release: Release) -> None:
    """Until it has ended."""
    first = world.value("select ops.rehearse_release(%s)", release.id)
    assert world.value("select ops.rehearse_release(%s)", release.id) == first
    world.rows("select ops.cancel_run(%s, 'test')", first)
    assert world.value("select ops.rehearse_release(%s)", release.id) != first


def test_what_proves_nothing_is_not_rehearsed(world: World, project: UUID, release: Release) -> None:
    """A release without its build, one that goes nowhere, and a production that runs elsewhere."""
    with refused("PT409", "has not passed gate G1"):
        world.rows("select ops.rehearse_release(%s)", make_release(world, project, "1.1").id)
    other = make_release(world, project, "1.2")
    other.check("G1")
    world.rows("select ops.withdraw_release(%s)", other.id)
    with refused("PT409", "is withdrawn"):
        world.rows("select ops.rehearse_release(%s)", other.id)
    world.rows("update ops.environments set database_name = null, status = 'pending', url = null, port = null")
    with refused("PT409", "not hosted here"):
        world.rows("select ops.rehearse_release(%s)", release.id)


def test_a_run_that_names_a_release_of_another_project_rehearses_nothing(world: World, release: Release) -> None:
    """Whoever queued it: the record is asked when it starts."""
    foreign = make_release(world, world.project("other"))
    run = world.queue(
        world.value("select project_id from ops.releases where id = %s", release.id), "main", p_kind="rehearse",
        p_config=json.dumps({"release_id": str(foreign.id)}),
    )  # fmt: skip
    world.claim()
    world.start(run)
    with refused("PT409", "rehearses no release of its project"):
        world.rows("select ops.record_rehearsal_start(%s, 1)", run)


def test_a_rehearsal_that_ended_is_not_begun_again(world: World, release: Release) -> None:
    """And its end is told twice; the end of its run ends one that was left."""
    run = begun(world, release)
    with refused("PT400", "no phase lunch"):
        world.rows(PHASE, run, 1, "lunch", 3)
    done = world.row(END, run, True)
    assert world.row(END, run, True) == done
    with refused("PT409", "ended otherwise"):
        world.rows(END, run, False)
    with refused("PT409", "has ended"):
        world.rows("select ops.record_rehearsal_start(%s, 1)", run)
    world.complete(run)
    left = begun(world, release)
    world.complete(left, 1)
    row = world.row("select * from ops.rehearsals where run_id = %s", left)
    assert (row["passed"], row["finished_at"] is not None) == (False, True)
    assert world.value("select status from ops.restores where run_id = %s", left) == "failed"


def test_a_rehearsal_points_production_at_no_other_database(world: World, release: Release) -> None:
    """Whatever its step believes: decided by the effect of the kind."""
    run = begun(world, release)
    with refused("PT409"):
        world.rows("select ops.record_deployment(%s, 1, 'http://x', 8069, 'mine', %s, %s)",
                   run, "sha256:" + "1" * 64, "a" * 40)  # fmt: skip
    with refused("PT409"):
        world.rows("select ops.require_deployable(%s, 1, 'mine')", run)
