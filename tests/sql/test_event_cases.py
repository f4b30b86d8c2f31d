"""The table of events through SQL: personas call ops.ingest_event, the gateway hands bodies over as they came."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.event_cases import APPROVER, Case, cases
from tests.sql.actors import Actors
from tests.sql.releases import make_release
from tests.sql.world import Caller, World


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_an_event_is_answered_as_the_table_says(world: World, actors: Actors, project: UUID, case: Case) -> None:
    """And leaves its row in the log."""
    release = make_release(world, project, "1.0")
    case.prepare(release)
    sender = actors.token(case.sender, sub=APPROVER)
    if "told" in case.before:
        assert send(sender, case.first)["status"] == "accepted"
    if case.envelope is None:
        answer = sender.value("select ops.receive_event(%s)", case.body)
    else:
        answer = send(sender, case.body)
    case.check(release, answer["http_status"], answer)


def send(sender: Caller, body: bytes) -> dict[str, Any]:
    """Send an envelope."""
    answer: dict[str, Any] = sender.value("select ops.ingest_event(%s::jsonb)", body.decode())
    return answer
