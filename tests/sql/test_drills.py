"""Drills and swaps: what a worker records of a backup that it tries, and of one that takes over."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest

from tests.sql.backups import begin, restore, restore_of, verified
from tests.sql.world import World, refused

PASSED: LiteralString = (
    "select * from ops.record_drill_end(%s, 1, true, 'answers', 12.5, 3600, p_evidence_id => %s,"
    " p_report => '{\"rows\": 3}')"
)
SWAP: LiteralString = (
    "select * from ops.record_restore_swap(%s, 1, 'http://x/', 20001, 'restored', 'sha256:1', 'abc',"
    " p_keep_previous_until => '2030-01-01T00:00:00Z', p_report => '{\"tables\": 3}')"
)


@pytest.fixture
def drill(world: World, project: UUID, production: UUID) -> UUID:
    """Return the run of a drill at work."""
    assert production
    return begin(world, restore_of(world, restore(world, verified(world, project), None, p_purpose="drill")))


def evidence(world: World, run: UUID) -> UUID:
    """Return evidence of the run."""
    found = world.value("select ops.record_evidence('recovery_drill', 's3://b/d', %s, p_run_id => %s)", "6" * 64, run)
    return UUID(str(found))


def test_a_drill_that_passed_ends_its_restore_and_is_told_twice(world: World, drill: UUID) -> None:
    """It says how long it took and what would have been lost, and the overview of backups shows it."""
    with refused("PT409", "no drill to begin"):
        world.rows("select ops.record_drill_start(%s, 1)", drill)
    world.rows("select ops.record_restore_start(%s, 1)", drill)
    begun = world.row("select * from ops.record_drill_start(%s, 1)", drill)
    assert world.row("select * from ops.record_drill_start(%s, 1)", drill)["id"] == begun["id"]
    proof = evidence(world, drill)
    done = world.row(PASSED, drill, proof)
    assert (done["passed"], done["rto_seconds"], done["evidence_id"]) == (True, 12.5, proof)
    assert world.row(PASSED, drill, proof) == done
    assert world.value("select status from ops.restores where run_id = %s", drill) == "succeeded"
    assert world.value("select last_rto_seconds from ops.v_backup_freshness") == 12.5
    with refused("PT409", "ended otherwise"):
        world.rows("select ops.record_drill_end(%s, 1, false, 'late')", drill)


def test_a_run_that_ends_leaves_no_drill_or_restore_at_work(world: World, drill: UUID) -> None:
    """Each row of data work marks its run, and the run's end fails what is unfinished."""
    world.rows("select ops.record_restore_start(%s, 1)", drill)
    world.rows("select ops.record_drill_start(%s, 1)", drill)
    assert world.value("select moves_data from ops.runs where id = %s", drill)
    world.rows("select ops.complete_workflow_run(%s, 1, 'broken')", drill)
    assert world.value("select status from ops.restores where run_id = %s", drill) == "failed"
    assert world.value("select passed from ops.recovery_drills where run_id = %s", drill) is False


def test_a_drill_does_not_pass_without_its_proof(world: World, project: UUID, drill: UUID) -> None:
    """Neither without evidence, nor by another run's, nor unmeasured."""
    world.rows("select ops.record_restore_start(%s, 1)", drill)
    world.rows("select ops.record_drill_start(%s, 1)", drill)
    with refused("PT400", "evidence of its own run"):
        world.rows(PASSED, drill, None)
    with refused("PT400", "evidence of its own run"):
        world.rows(PASSED, drill, evidence(world, world.work(project, "feature/a")))
    unmeasured: LiteralString = "select ops.record_drill_end(%s, 1, true, 'x', p_evidence_id => %s)"
    with refused("PT400", "No drill may end"):
        world.rows(unmeasured, drill, evidence(world, drill))
    failed = world.row("select * from ops.record_drill_end(%s, 1, false, 'rows are missing')", drill)
    assert (failed["passed"], failed["summary"]) == (False, "rows are missing")
    assert world.value("select error_message from ops.restores where run_id = %s", drill) == "rows are missing"


def test_a_swap_moves_the_environment_and_ends_the_restore_at_once(world: World, project: UUID) -> None:
    """The old database's name is kept with it; told twice, it stays the old one."""
    world.rows("select ops.ensure_environment(%s, 'main')", project)
    world.rows("update ops.environments set database_name = 'before' where name = 'main'")
    run = begin(world, restore_of(world, restore(world, verified(world, project), "main")))
    with refused("PT409", "not started by this attempt"):
        world.rows(SWAP, run)
    assert world.value("select database_name from ops.environments where name = 'main'") == "before"
    world.rows("select ops.record_restore_start(%s, 1)", run)
    done = world.row(SWAP, run)
    assert (done["status"], done["database_name"], done["previous_database_name"]) == (
        "succeeded", "restored", "before",
    )  # fmt: skip
    assert done["keep_previous_until"].year == 2030
    assert world.row(SWAP, run) == done
    row = world.row("select database_name, deployed_run_id from ops.environments where name = 'main'")
    assert row == {"database_name": "restored", "deployed_run_id": run}
