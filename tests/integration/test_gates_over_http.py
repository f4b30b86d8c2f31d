"""The release control plane's own cases of gate evaluation (tasks T4), told to POST /v1/events.

Exceptions are asked for and granted by people, in SQL or through PostgREST: no event grants one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.settings import Settings
from tests.event_cases import key_for
from tests.sql.events import envelope
from tests.sql.releases import Release, make_release
from tests.sql.world import World


class Senders:
    """A build pipeline, a tester and a release manager, each with a key of their own."""

    def __init__(self, client: TestClient, owner: ControlPlane) -> None:
        signs_off = {"event_types": ("gate_signoff",)}
        self._client = client
        self._keys = {
            "G1": key_for(owner, "ci_service_role"),
            "G2": key_for(owner, "qa_tester"),
            "G3": key_for(owner, "release_manager", approver_id="rita", **signs_off),
        }

    def tell(self, gate: str, **values: Any) -> None:  # noqa: ANN401 -- what an envelope takes
        """Tell that the gate passed, or what the values say, and be taken at one's word."""
        people: dict[str, object] = {"approver_id": "rita", "persona_role": "release_manager"} if gate == "G3" else {}
        kind = "build_complete" if gate == "G1" else "gate_signoff"
        answer = self._client.post(
            "/v1/events",
            json=envelope(kind, gate_code=gate, **people, **values),
            headers={"Authorization": f"Bearer {self._keys[gate]}"},
        )
        assert (answer.status_code, answer.json()["status"]) == (200, "accepted"), answer.text


@pytest.fixture
def release(world: World) -> Release:
    """Release 1.0 of project shop."""
    return make_release(world, world.project(), "1.0")


@pytest.fixture
def senders(tmp_path: Path, control: ControlPlane, owner: ControlPlane) -> Iterator[Senders]:
    """Yield people and machines who tell of gates to a gateway that works as the platform's worker."""
    with TestClient(create_app(Settings(home=tmp_path), control)) as client:
        yield Senders(client, owner)


def test_all_gates_passed_eligible_is_true(senders: Senders, release: Release) -> None:
    """A release whose gates all passed may go to staging and to production."""
    for gate in ("G1", "G2", "G3"):
        senders.tell(gate)
        assert release.status(gate) == "passed"
    assert release.eligible("staging")
    assert release.eligible("production")


def test_g2_failed_eligible_is_false_for_staging_and_production(senders: Senders, release: Release) -> None:
    """A release that testing rejected goes nowhere."""
    senders.tell("G1")
    senders.tell("G3")
    senders.tell("G2", decision="rejected")
    assert release.status("G2") == "failed"
    assert not release.eligible("staging")
    assert not release.eligible("production")


@pytest.mark.parametrize(("later", "expected"), [("0 hours", True), ("2 hours", False)], ids=["active", "expired"])
def test_g3_bypassed_with_an_exception(senders: Senders, release: Release, later: str, *, expected: bool) -> None:
    """With an active one eligible is true for production, with an expired one it is false."""
    senders.tell("G1")
    senders.tell("G2")
    assert not release.eligible("production")
    release.waive("G3")
    release.let_time_pass(later)
    assert release.eligible("production") is expected
