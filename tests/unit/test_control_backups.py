"""Backups as Python sees them: values in, values out, one kind of error."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict, Fenced, NotFound
from odooops_dagster.model import Backup, Fence, Project, Restore, StoredBackup

STORED = StoredBackup(
    manifest_url="s3://b/m",
    manifest_sha256="5" * 64,
    taken_at=datetime(2026, 2, 13, tzinfo=UTC),
    size_bytes=1000,
    stored_bytes=10,
    object_count=3,
    format_version=1,
    database_name="shop_main",
    odoo_version="19.0",
    metadata={"modules": ["base"]},
)


@pytest.fixture
def project(control: ControlPlane) -> Project:
    """Return a project with a production and a staging."""
    project = control.projects.create("shop", repo_url="https://github.com/acme/shop.git", odoo_version="19.0")
    for branch in ("main", "release/1"):
        control.environments.ensure(project.id, branch=branch)
    return project


def begin(control: ControlPlane, made: Backup | Restore) -> Fence:
    """Return the fence of the run that makes it, started."""
    (claimed,) = control.runs.claim("w1")
    assert claimed.id == made.run_id
    fence = Fence(run_id=claimed.id, attempt=claimed.attempt, worker_id="w1")
    control.runs.start(fence, dagster_run_id=str(uuid4()))
    return fence


def verified(control: ControlPlane, project: Project) -> Backup:
    """Return a backup that was read back."""
    fence = begin(control, control.backups.create(project.id, env="main"))
    control.backups.start(fence)
    control.backups.record_stored(fence, STORED)
    backup = control.backups.record_verified(fence, manifest_sha256=STORED.manifest_sha256)
    control.runs.complete(fence, exit_code=0)
    return backup


def test_a_backup_goes_from_its_request_to_good(control: ControlPlane, project: Project) -> None:
    """What was told is what is read."""
    asked = control.backups.create(project.id, env="main", label="first", requested_by="Ann", idempotency_key="k")
    assert (asked.status, asked.label, asked.requested_by, asked.stage) == ("pending", "first", "Ann", "production")
    assert (
        control.backups.create(project.id, env="main", label="first", requested_by="Ann", idempotency_key="k") == asked
    )
    fence = begin(control, asked)
    assert control.backups.start(fence).status == "running"
    stored = control.backups.record_stored(fence, STORED)
    assert {name: getattr(stored, name) for name in vars(STORED)} == vars(STORED)
    good = control.backups.record_verified(fence, manifest_sha256=STORED.manifest_sha256)
    assert good == control.backups.get(asked.id)
    assert control.backups.list(project.id, status="verified") == [good]
    assert control.backups.record_recheck(good).status == "verified"


def test_a_failed_backup_says_why(control: ControlPlane, project: Project) -> None:
    """And an attempt that is over is told so."""
    fence = begin(control, control.backups.create(project.id, env="main"))
    control.backups.start(fence)
    assert control.backups.record_failed(fence, error_message="disk full").error_message == "disk full"
    control.runs.complete(fence, exit_code=1)
    with pytest.raises(Fenced):
        control.backups.start(fence)


def test_holds_and_drops(control: ControlPlane, project: Project) -> None:
    """What may not go is refused with what to do."""
    first, second = verified(control, project), verified(control, project)
    assert control.backups.hold(first.id, reason="audit").hold_reason == "audit"
    with pytest.raises(Conflict, match="held: audit"):
        control.backups.drop(first.id, reason="old")
    assert control.backups.release_hold(first.id).held_at is None
    assert control.backups.drop(first.id, reason="old").status == "dropped"
    with pytest.raises(Conflict, match="the last verified one") as caught:
        control.backups.drop(second.id, reason="old")
    assert caught.value.hint
    with pytest.raises(NotFound):
        control.backups.drop(UUID(int=0), reason="old")


def test_a_clone_goes_from_its_request_to_its_report(control: ControlPlane, project: Project) -> None:
    """Production's data goes elsewhere as a clone only."""
    backup = verified(control, project)
    with pytest.raises(Conflict, match="as it is"):
        control.backups.restore(backup.id, target_env="release/1", purpose="restore")
    asked = control.backups.restore(backup.id, target_env="release/1", masking_profile="names")
    assert (asked.purpose, asked.status, asked.masking_profile) == ("clone", "pending", "names")
    fence = begin(control, asked)
    assert control.backups.start_restore(fence).status == "running"
    ended = control.backups.end_restore(fence, database_name="stage", report={"masked": 3})
    assert (ended.status, ended.report) == ("succeeded", {"masked": 3})
    assert control.backups.restores(backup_id=backup.id) == [ended] == [control.backups.get_restore(ended.id)]


def test_a_failed_restore_says_why(control: ControlPlane, project: Project) -> None:
    """A run may also restore what nobody asked for by name."""
    backup = verified(control, project)
    control.runs.queue(project.id, env="release/1", git_sha="a" * 40, ref="refs/heads/release/1")
    (claimed,) = control.runs.claim("w1")
    fence = Fence(run_id=claimed.id, attempt=1, worker_id="w1")
    control.runs.start(fence, dagster_run_id="d")
    assert control.backups.start_restore(fence, backup_id=backup.id).purpose == "clone"
    assert control.backups.end_restore(fence, error_message="no room").error_message == "no room"
