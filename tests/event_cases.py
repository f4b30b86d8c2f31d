"""The cases of events that every door runs."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from odooops_dagster.control import ControlPlane
from tests.sql.events import envelope
from tests.sql.releases import Release

# The persona that sends each event, and the person who signs off.
SENDERS = {
    "build_complete": "ci_service_role",
    "gate_signoff": "qa_tester",
    "deployment_event": "sre",
    "health_check": "sre",
    "environment_event": "sre",
}
APPROVER = "ana"
# The events that a key of each persona sends in these cases.
TYPES = {
    "ci_service_role": ("build_complete",),
    "qa_tester": ("gate_signoff",),
    "sre": ("deployment_event", "health_check", "environment_event"),
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One delivery: its sender, what is there before, its body, and the answer."""

    name: str
    sender: str
    before: tuple[str, ...]
    body: bytes
    envelope: Mapping[str, Any] | None  # None where only the body says what is sent
    first: bytes  # the event that was told before
    answer: Mapping[str, Any]

    def prepare(self, release: Release) -> None:
        """Make what is there before."""
        if "built" in self.before:
            release.check("G1")
        if "staged" in self.before:
            release.world.rows("select ops.promote_release(%s, 'staging')", release.id)

    def check(self, release: Release, http_status: int, answer: Mapping[str, Any]) -> None:
        """Compare the answer, and the row that the delivery left in the log, with what the case says."""
        expected = self.answer
        assert (http_status, answer["status"]) == (expected["http"], expected["status"]), answer
        assert answer.get("field") == expected.get("field"), answer
        row = release.world.row("select * from ops.event_ingest_log order by id desc limit 1")
        assert (row["http_status"], row["processing_status"]) == (http_status, answer["status"])


def key_for(owner: ControlPlane, persona: str, **options: Any) -> str:  # noqa: ANN401 -- what a key takes
    """Make a key of the persona."""
    options = {
        "event_types": TYPES.get(persona, ()),
        "expires_at": datetime.now(UTC) + timedelta(days=1),
        "approver_id": APPROVER if persona == "qa_tester" else None,
    } | options
    return owner.keys.create("test", persona=persona, **options).key  # type: ignore[arg-type]


def cases() -> list[Case]:
    """Return the cases."""
    found = tomllib.loads(Path(__file__).with_name("event_cases.toml").read_text("utf-8"))["case"]
    return [_case(**entry) for entry in found]


def _case(name: str, answer: Mapping[str, Any], event: str | None = None, **given: Any) -> Case:  # noqa: ANN401
    values = {"approver_id": APPROVER} if event == "gate_signoff" else {}
    first = envelope(event, **values) if event else None
    sent = None
    if first is not None:
        sent = {
            key: value for key, value in (first | given.get("change", {})).items() if key not in given.get("drop", ())
        }
    body = bytes.fromhex(given["hex"]) if "hex" in given else given.get("body", json.dumps(sent)).encode()
    return Case(
        name=name,
        sender=given.get("sender") or SENDERS.get(event or "", "service_role"),
        before=tuple(given.get("before", ())),
        body=body,
        envelope=sent,
        first=json.dumps(first).encode(),
        answer=answer,
    )
