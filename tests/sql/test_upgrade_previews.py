"""Upgrade previews: recorded once and whole, and what they mean for a promotion to production."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from tests.sql.backups import verified
from tests.sql.releases import IMAGE, Release, make_release
from tests.sql.world import SHA, World, refused

RECORD: LiteralString = (
    "select * from ops.record_upgrade_preview(%s, 1, 'same_series', '19.0', '19.0', %s, %s, %s, %s, %s, 60, 12.5, 0, 1,"
    " %s, '{\"version\": 1}')"
)
OTHER = "sha256:" + "2" * 64
NIGHT = "2026-02-13T06:00:00Z"


@pytest.fixture
def backup(world: World, project: UUID, production: UUID) -> UUID:
    """Return a verified backup of production."""
    assert production
    return verified(world, project)


def begun(world: World, project: UUID, backup: UUID) -> UUID:
    """Return the run of a preview at work on its copy."""
    run = world.work(project, "main", p_kind="upgrade")
    world.rows("select ops.record_restore_start(%s, 1, %s, 'upgrade')", run, backup)
    return run


def proof(world: World, run: UUID) -> UUID:
    """Return evidence of the run."""
    found = world.value("select ops.record_evidence('upgrade_preview', 's3://b/p', %s, p_run_id => %s)", "6" * 64, run)
    return UUID(str(found))


def preview(
    world: World, project: UUID, backup: UUID, verdict: str, *, image: str = IMAGE, summary: str = "fine"
) -> UUID:
    """Record a preview and return its run."""
    run = begun(world, project, backup)
    world.rows(RECORD, run, OTHER, image, SHA, verdict, summary, proof(world, run))
    world.complete(run)
    return run


def ready(world: World, project: UUID) -> Release:
    """Return a release whose gates hold."""
    release = make_release(world, project)
    release.check("G1")
    release.approve("G2", by="quinn")
    release.approve("G3", by="rita")
    return release


def requirement(world: World, release: Release, target: str = "production") -> tuple[bool, str] | None:
    """Return what the promotion needs of a preview."""
    rows = world.rows("select * from ops.explain_promotion(%s, %s) where requirement = 'preview'", release.id, target)
    return (rows[0]["is_met"], rows[0]["detail"]) if rows else None


def test_a_preview_is_recorded_once_and_ends_its_copy(world: World, project: UUID, backup: UUID) -> None:
    """Told twice it stays what it was, and nobody changes it afterwards."""
    run = begun(world, project, backup)
    worker = world.worker()
    first = worker.row(RECORD, run, OTHER, IMAGE, SHA, "red", "rows are lost", proof(world, run))
    again = worker.row(RECORD, run, OTHER, IMAGE, SHA, "green", "fine", proof(world, run))
    assert again == first
    assert (first["verdict"], first["backup_id"], first["downtime_seconds"]) == ("red", backup, 12.5)
    restored = world.row("select purpose::text, status::text from ops.restores where run_id = %s", run)
    assert restored == {"purpose": "upgrade", "status": "succeeded"}
    for change in ("update ops.upgrade_previews set verdict = 'green'", "delete from ops.upgrade_previews"):
        with refused("PT409", "append-only"):
            world.connection.execute(change.encode())


def test_a_killed_preview_leaves_no_report_and_starts_over(world: World, project: UUID, backup: UUID) -> None:
    """Its copy ends with the attempt; the next one makes another, of the same backup."""
    run = begun(world, project, backup)
    world.rows("select ops.requeue_run(%s, 1, 'killed')", run)
    assert world.value("select count(*) from ops.upgrade_previews") == 0
    (claimed,) = world.claim()
    world.start(run, claimed["attempt"])
    restored = world.row("select * from ops.record_restore_start(%s, 2, null, 'upgrade')", run)
    assert (restored["attempt"], restored["backup_id"], restored["status"]) == (2, backup, "running")


def test_a_preview_shows_evidence_and_is_of_an_upgrade(world: World, project: UUID, backup: UUID) -> None:
    """Neither another run's evidence nor another kind of run makes one."""
    run = begun(world, project, backup)
    other = world.work(project, "feature/a")
    with refused("PT400", "evidence of its own run"):
        world.rows(RECORD, run, OTHER, IMAGE, SHA, "green", "fine", proof(world, other))
    with refused("PT409", "no upgrade preview"):
        world.rows(RECORD, other, OTHER, IMAGE, SHA, "green", "fine", proof(world, other))
    with refused("PT400", "may have these values"):
        world.rows(RECORD, run, OTHER, IMAGE, SHA, "blue", "fine", proof(world, run))


def test_a_red_preview_keeps_its_build_from_production(world: World, project: UUID, backup: UUID) -> None:
    """Whatever the policy; a newer preview of the same build that is not red opens the way, and staging never asks."""
    release = ready(world, project)
    assert requirement(world, release) is None
    preview(world, project, backup, "red", image=OTHER)
    assert requirement(world, release) is None
    preview(world, project, backup, "red", summary="table sale_order loses 7 of 40 rows")
    met, detail = requirement(world, release) or (True, "")
    assert (met, "table sale_order loses 7 of 40 rows" in detail) == (False, True)
    assert requirement(world, release, "staging") is None
    with refused("PT409", "sale_order"):
        world.rows("select ops.promote_release(%s, 'production')", release.id)
    preview(world, project, backup, "yellow", summary="read it first")
    assert (requirement(world, release) or (False, ""))[0]


def test_policy_may_ask_for_a_fresh_preview(world: World, project: UUID, backup: UUID) -> None:
    """None is no preview, and one that is too old is none."""
    release = ready(world, project)
    world.rows("select ops.set_policy(%s, 'promotion', '{\"requires_preview\": true}')", project)
    met, detail = requirement(world, release) or (True, "")
    assert (met, "ops upgrade preview" in detail) == (False, True)
    preview(world, project, backup, "green")
    assert (requirement(world, release) or (False, ""))[0]
    with world.connection.transaction():
        world.rows("set local session_replication_role = replica")
        world.rows("update ops.upgrade_previews set created_at = created_at - interval '8 days'")
    met, detail = requirement(world, release) or (True, "")
    assert (met, "older than the 168 h" in detail) == (False, True)


@pytest.mark.usefixtures("backup")
def test_standing_previews_go_by_the_upgrade_workflow(world: World, project: UUID) -> None:
    """Not while it is disabled; their runs have what it gives them."""
    ask: LiteralString = "select refusal from ops.queue_due_previews(%s, 'UTC')"
    make_release(world, project)
    world.rows("select ops.set_policy(%s, 'promotion', '{\"standing_previews\": true}')", project)
    given = Jsonb({"run": {"engine": "openupgrade", "target_series": "20.0"}})
    world.rows("select * from ops.set_workflow('shop', 'upgrade', p_config => %s, p_is_enabled => false)", given)
    assert world.worker().rows(ask, NIGHT) == []
    world.rows("select * from ops.set_workflow('shop', 'upgrade', p_is_enabled => true)")
    assert world.worker().rows(ask, NIGHT) == [{"refusal": None}]
    named = "select q.config, w.name from ops.run_requests as q join ops.workflows as w on w.id = q.workflow_id"
    assert world.rows(named) == [{"config": given.obj["run"], "name": "upgrade"}]
    world.rows("select * from ops.set_workflow('shop', 'upgrade', p_config => '{}')")
    assert world.worker().rows(ask, NIGHT) == []


def test_standing_previews_are_queued_once_a_night(world: World, project: UUID, backup: UUID) -> None:
    """Only where policy asks, for the newest release that production does not have, and on data it was not tried on."""
    ask: LiteralString = "select * from ops.queue_due_previews(%s, 'UTC')"
    release = make_release(world, project)
    worker = world.worker()
    assert worker.rows(ask, NIGHT) == []
    world.rows("select ops.set_policy(%s, 'promotion', '{\"standing_previews\": true}')", project)
    assert worker.rows(ask, "2026-02-13T03:00:00Z") == []
    (due,) = worker.rows(ask, NIGHT)
    assert (due["partition_key"], due["refusal"]) == ("shop/main", None)
    assert due["version"] == world.value("select version from ops.releases where id = %s", release.id)
    worker.rows(ask, NIGHT)
    queued = world.rows("select git_sha, kind::text from ops.runs where trigger = 'schedule'")
    assert queued == [{"git_sha": SHA, "kind": "upgrade"}]
    (run,) = world.claim()
    world.start(run["id"])
    world.rows("select ops.record_restore_start(%s, 1, %s, 'upgrade')", run["id"], backup)
    world.rows(RECORD, run["id"], OTHER, IMAGE, SHA, "green", "fine", proof(world, run["id"]))
    world.complete(run["id"])
    assert worker.rows(ask, "2026-02-14T06:00:00Z") == []
