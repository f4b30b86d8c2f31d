"""Releases, gates, deployments, incidents, events and policies as Python sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, Forbidden, NotFound
from odooops_dagster.model import Project
from odooops_dagster.model.releases import Release

SHAS = {"acme/shop": "a" * 40}
IMAGE = "sha256:" + "1" * 64


@pytest.fixture
def owner(database: str, control: ControlPlane) -> ControlPlane:
    """Return the control plane of the schema's owner, who may decide for people, beside the worker's."""
    assert control
    return ControlPlane(database)


@pytest.fixture
def project(control: ControlPlane) -> Project:
    """Return a project."""
    return control.projects.create("shop", repo_url="https://github.com/acme/shop.git", odoo_version="19.0")


@pytest.fixture
def release(control: ControlPlane, project: Project) -> Release:
    """Return a candidate by dev."""
    return control.releases.create(
        project.id, version="1.0", git_shas=SHAS, image_digest=IMAGE, created_by="dev", notes="first"
    )


def test_a_release_is_read_as_it_was_made(control: ControlPlane, project: Project, release: Release) -> None:
    """By id, by version and in the list."""
    assert (release.git_shas, release.image_digest, release.created_by) == (SHAS, IMAGE, "dev")
    assert control.releases.get(project.id, version="1.0") == release
    assert control.releases.list(project.id) == [release]
    with pytest.raises(NotFound, match=r"There is no release 2\.0"):
        control.releases.get(project.id, version="2.0")


def test_a_release_goes_through_its_gates_to_production_and_back(
    control: ControlPlane, owner: ControlPlane, project: Project, release: Release, database: str
) -> None:
    """The whole way, and each refusal says what is missing."""
    with pytest.raises(Conflict, match="G1: pending: waits for build"):
        control.deployments.promote(release.id, target_env="staging")
    check = control.gates.record_check(release.id, gate_code="G1", name="build", status="passed", summary="green")
    control.releases.record_evidence(kind="log", s3_url="s3://b/log", sha256="0" * 64, check_id=check)
    for code in ("G2", "G3"):
        owner.gates.sign_off(release.id, gate_code=code, decision="approved", approver_id="ana")
    assert [gate.status for gate in control.gates.list(release.id)] == ["passed", "passed", "passed", "pending"]
    assert all(item.is_met for item in control.releases.explain(release.id, target_env="production"))
    first = control.deployments.promote(
        release.id, target_env="production", no_backup_reason="nothing there yet", requested_by="Max"
    )
    assert first.requested_by == "Max"
    with psycopg.connect(database) as connection:
        connection.execute("select ops.record_deployment_status(%s, 'succeeded')", [first.id])
    assert control.deployments.get(first.id).status == "succeeded"
    assert control.releases.by_id(release.id).status == "released"
    assert first.run_id is not None
    found = control.deployments.of_run(first.run_id)
    assert found is not None
    assert [found] == control.deployments.list(project.id, release_id=release.id)
    with pytest.raises(Conflict, match="nothing to roll this deployment back to"):
        control.deployments.rollback(first.id, reason="slow")
    assert control.deployments.close_unfinished() == 0


def test_a_worker_decides_nothing(control: ControlPlane, release: Release) -> None:
    """It carries out what people decided."""
    with pytest.raises(Forbidden):
        control.gates.sign_off(release.id, gate_code="G2", decision="approved", approver_id="ana")
    with pytest.raises(Forbidden):
        control.gates.break_glass(release.id, gate_code="G2", reason="shop is down")


def test_exceptions_are_asked_for_granted_and_revoked(owner: ControlPlane, release: Release) -> None:
    """And broken glass is found among the incidents."""
    soon = datetime.now(UTC) + timedelta(hours=1)
    asked = owner.gates.request_exception(release.id, gate_code="G1", reason="no runner", expires_at=soon)
    assert (asked.granted_at, asked.expires_at) == (None, soon)
    assert owner.gates.grant_exception(asked.id).granted_by is not None
    (gate, *_) = owner.gates.list(release.id)
    assert (gate.status, gate.exception_id) == ("bypassed", asked.id)
    assert owner.gates.revoke_exception(asked.id).revoked_at is not None
    assert owner.gates.list(release.id)[0].status == "pending"
    broken = owner.gates.break_glass(release.id, gate_code="G1", reason="shop is down")
    assert [exception.id for exception in owner.gates.exceptions(release.id)] == [broken.id, asked.id]
    (incident,) = owner.incidents.list(release.project_id, status="open")
    assert incident.exception_id == broken.id
    assert owner.incidents.resolve(incident.id, resolution="fixed").status == "resolved"
    assert owner.incidents.open(release.project_id, title="slow").severity == "major"


def test_a_withdrawn_release_says_so(control: ControlPlane, release: Release) -> None:
    """It stays on the record."""
    withdrawn = control.releases.withdraw(release.id)
    assert (withdrawn.status, withdrawn.withdrawn_at is not None) == ("withdrawn", True)
    assert not all(item.is_met for item in control.releases.explain(release.id, target_env="staging"))


def test_events_are_answered(control: ControlPlane, release: Release) -> None:
    """Accepted, told again, refused; a NUL is no reason to fail."""
    event = {
        "schema_version": "1.0",
        "event_type": "build_complete",
        "idempotency_key": "ci/1",
        "source": "ci\x00",
        "occurred_at": "2026-02-13T12:00:00Z",
        "project": "shop",
        "release": "1.0",
        "status": "pass",
    }
    accepted = control.events.ingest(event)
    assert (accepted.status, accepted.ids["release_id"]) == ("accepted", str(release.id))
    assert control.events.ingest(event).status == "duplicate"
    refused = control.events.ingest({**event, "status": "green"})
    assert (refused.http_status, refused.status, refused.field) == (400, "rejected", "status")


def test_policies_are_set_by_name(control: ControlPlane, project: Project) -> None:
    """Rules left out are those for all."""
    assert control.policies.set(project.id, policy_type="retention", rules={"daily": 14})["daily"] == 14
    assert control.policies.get(project.id, policy_type="retention")["weekly"] == 4
    assert control.policies.get(None, policy_type="retention")["daily"] == 7
    with pytest.raises(BadInput, match=r"^hourly"):
        control.policies.set(project.id, policy_type="retention", rules={"hourly": 1})
