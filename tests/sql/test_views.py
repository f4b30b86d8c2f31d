"""What the reports say of a state that is known: each column's answer was worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from tests.sql.releases import Release, make_release, verified_backup
from tests.sql.world import World


def cleared(world: World, project: UUID, version: str) -> Release:
    """Return a release that may go everywhere."""
    release = make_release(world, project, version)
    release.check("G1")
    release.approve("G2")
    release.approve("G3")
    return release


def deploy(world: World, release: Release) -> UUID:
    """Bring the release to production, where it answers."""
    deployment: UUID = world.value("select ops.promote_release(%s, 'production', 'nothing to lose')", release.id)
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    world.rows("select ops.record_gate_check(%s, 'G4', 'health', 'passed')", release.id)
    return deployment


def test_the_history_tells_what_each_deployment_replaced_and_what_took_it_back(world: World, project: UUID) -> None:
    """Two releases go to production, and the second is taken back to the first."""
    first, second = (cleared(world, project, version) for version in ("1.0", "2.0"))
    deploy(world, first)
    undone = deploy(world, second)
    rollback = world.value("select ops.rollback_deployment(%s, 'orders fail')", undone)
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", rollback)
    world.rows("select ops.open_incident(%s, 'Orders fail', p_deployment_id => %s)", project, undone)
    history = world.rows("select * from ops.v_deployment_history where project_id = %s order by created_at", project)
    told = [(h["version"], h["replaced_version"], h["is_rollback"], h["rollback_of_version"]) for h in history]
    assert told == [("1.0", None, False, None), ("2.0", "1.0", False, None), ("1.0", "2.0", True, "2.0")]
    assert [h["rolled_back_by"] for h in history] == [None, rollback, None]
    assert [h["incident_count"] for h in history] == [0, 1, 0]
    assert [h["g4_status"] for h in history[:2]] == ["passed", "passed"]
    assert history[2]["reason"] == "orders fail"
    assert {h["no_backup_reason"] for h in history[:2]} == {"nothing to lose"}


def test_health_that_nobody_proved_in_time_is_told_as_failed(world: World, project: UUID) -> None:
    """Nobody writes a row when a window closes."""
    release = cleared(world, project, "1.0")
    deployment = world.value("select ops.promote_release(%s, 'staging')", release.id)
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    asked = "select g4_status from ops.v_deployment_history where deployment_id = %s"
    assert world.value(asked, deployment) == "pending"
    release.let_time_pass("1 hour")
    assert world.value(asked, deployment) == "failed"


def test_only_a_verified_backup_makes_an_environment_fresh(world: World, project: UUID) -> None:
    """Production without a backup is stale; so is one whose newest verified backup is older than the policy."""
    world.rows("select * from ops.ensure_environment(%s, 'main', 'production')", project)
    world.rows("select * from ops.ensure_environment(%s, 'feature/a')", project)
    asked = "select * from ops.v_backup_freshness where project_id = %s"
    row = world.row(asked, project)
    assert (row["stage"], row["is_fresh"], row["verified_backup_id"]) == ("production", False, None)
    assert row["max_age"] == timedelta(hours=26)
    old = verified_backup(world, project, age="30 hours")
    row = world.row(asked, project)
    assert (row["verified_backup_id"], row["is_fresh"], row["kept_backups"]) == (old, False, 1)
    world.rows("select ops.create_backup(%s, 'main')", project)
    row = world.row(asked, project)
    assert (row["newest_status"], row["is_fresh"], row["kept_backups"]) == ("pending", False, 1)
    new = verified_backup(world, project, age="2 hours")
    world.rows("select * from ops.hold_backup(%s, 'before the audit')", new)
    row = world.row(asked, project)
    assert (row["verified_backup_id"], row["is_fresh"], row["kept_backups"], row["held_backups"]) == (new, True, 2, 1)
    assert timedelta(hours=2) <= row["verified_age"] < timedelta(hours=2, minutes=5)


def test_advisories_are_those_of_the_series_a_project_is_on(world: World, project: UUID) -> None:
    """What breaks on the way from another series is no concern of this project."""
    world.rows(
        "insert into ops.upgrade_advisories (from_version, to_version, severity, breaking_changes) values"
        """ ('19.0', '20.0', 'critical', '["fields renamed", "reports gone"]'), ('18.0', '19.0', 'info', '[]')"""
    )
    row = world.row("select * from ops.v_upgrade_advisories where project_id = %s", project)
    assert (row["odoo_version"], row["to_version"], row["severity"]) == ("19.0", "20.0", "critical")
    assert row["breaking_change_count"] == 2


def test_exceptions_are_told_apart_by_time_and_by_who_must_look_at_them(world: World, project: UUID) -> None:
    """One is over, one holds, one was taken back; broken glass waits for its incident to be resolved."""
    release = make_release(world, project, "1.0")
    release.waive("G1", lasts="5 minutes")
    release.let_time_pass("10 minutes")
    release.waive("G2")
    taken_back = release.waive("G3")
    world.rows("select ops.revoke_exception(%s)", taken_back)
    glass = world.value("select ops.break_glass(%s, 'G4', 'shop is down')", release.id)
    rows = world.rows("select * from ops.v_exception_status where release_id = %s order by created_at", release.id)
    assert [(x["gate_code"], x["status"], x["needs_review"] or False) for x in rows] == [
        ("G1", "expired", False), ("G2", "active", False), ("G3", "revoked", False), ("G4", "active", True),
    ]  # fmt: skip
    assert rows[0]["time_remaining"] == timedelta()
    assert timedelta(minutes=55) < rows[1]["time_remaining"] <= timedelta(hours=1)
    incident = world.value("select incident_id from ops.v_exception_status where exception_id = %s", glass)
    world.rows("select ops.resolve_incident(%s, 'the disk was full')", incident)
    status = world.row("select * from ops.v_exception_status where exception_id = %s", glass)
    assert (status["incident_status"], status["needs_review"]) == ("resolved", False)


def test_a_gate_that_passed_without_proof_is_a_gap(world: World, project: UUID) -> None:
    """Evidence of the newest answer counts, and a claim without any is named."""
    release = make_release(world, project, "1.0")
    release.check("G1")
    asked = "select * from ops.v_evidence_completeness where release_id = %s and gate_code = 'G1'"
    gate = world.row(asked, release.id)
    assert gate["gaps"] == ["checks without evidence", "passed without evidence"]
    assert gate["checks_without_evidence"] == ["build"]
    world.rows(
        "insert into ops.evidence_artifacts (check_id, kind, s3_url, sha256, created_by)"
        " select id, 'log', 's3://b/l', repeat('1', 64), 'ci' from ops.gate_checks where name = 'build'"
    )
    gate = world.row(asked, release.id)
    assert (gate["evidence_count"], gate["gaps"], gate["is_complete"]) == (1, [], True)
