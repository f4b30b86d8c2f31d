"""Event envelopes as senders write them, and what ops.ingest_event answers."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from tests.sql.releases import IMAGE
from tests.sql.world import SHA, Caller

Envelope = dict[str, Any]

# Tables that an event may leave rows in.
TABLES = ("gate_checks", "approvals", "evidence_artifacts", "deployments", "environment_events", "incidents")

_PARTS: dict[str, Envelope] = {
    "build_complete": {"gate_code": "G1", "status": "pass", "image_digest": IMAGE, "git_sha": SHA},
    "gate_signoff": {
        "gate_code": "G2", "decision": "approved", "approver_id": "ana", "persona_role": "qa_tester",
        "rationale_structured": {"plan": "smoke"},
    },
    "deployment_event": {"environment": "staging", "status": "succeeded"},
    "health_check": {"gate_code": "G4", "environment": "staging", "status": "pass"},
    "environment_event": {"environment": "feature/a", "status": "restarted"},
}  # fmt: skip
EVENTS = tuple(_PARTS)


def envelope(event_type: str = "build_complete", /, **values: object) -> Envelope:
    """Return a valid envelope about release 1.0 of project shop; a value of None leaves the field out."""
    made = {
        "schema_version": "1.0",
        "event_type": event_type,
        "idempotency_key": f"github_actions/{uuid4()}/{event_type}",
        "source": "github_actions",
        "occurred_at": "2026-02-13T12:00:00Z",
        "project": "shop",
        **({"release": "1.0"} if event_type != "environment_event" else {}),
        **_PARTS[event_type],
        **values,
    }
    return {name: value for name, value in made.items() if value is not None}


def ingest(caller: Caller, event: object) -> dict[str, Any]:
    """Send the event and return the answer."""
    answer: dict[str, Any] = caller.value("select ops.ingest_event(%s::jsonb)", json.dumps(event))
    assert answer["status"] in ("accepted", "duplicate", "rejected")
    return answer


def written(caller: Caller) -> dict[str, int]:
    """Return how many rows each table has that an event may write to."""
    counts = {}
    for table in TABLES:
        but = " where event <> 'project_created'" if table == "environment_events" else ""
        row = caller.connection.execute(f"select count(*) from ops.{table}{but}".encode()).fetchone()
        assert row is not None
        counts[table] = int(row["count"])
    return counts
