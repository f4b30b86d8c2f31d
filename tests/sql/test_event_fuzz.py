"""Whatever is sent: ops.ingest_event answers, logs it, and writes all of an event or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.servers import PostgresServer, as_user
from tests.sql.events import EVENTS, envelope, ingest, written
from tests.sql.releases import Release, make_release
from tests.sql.world import World

ROUNDS = int(os.environ.get("ODOOOPS_TEST_ROUNDS", "1"))

# PostgreSQL's jsonb holds neither a NUL nor half a surrogate pair: such text never arrives.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(["pass", "G2", "approved", "staging", "2026-02-13T12:00:00Z", "0" * 64, "' or 1=1 --", "%s"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
CHECKS = st.lists(
    st.fixed_dictionaries({"name": TEXTS, "status": st.sampled_from(["pass", "fail", "skipped", "green"])}) | VALUES,
    max_size=3,
)
EVIDENCE = st.lists(
    st.fixed_dictionaries(
        {"kind": TEXTS, "s3_url": TEXTS, "sha256": st.sampled_from(["0" * 64, "1" * 64, "zz"]), "size_bytes": VALUES}
    )
    | VALUES,
    max_size=3,
)
FIELDS = [
    "schema_version", "event_type", "idempotency_key", "source", "occurred_at", "project", "release", "gate_code",
    "status", "decision", "approver_id", "persona_role", "rationale_structured", "environment", "image_digest",
    "git_sha", "checks", "evidence",
]  # fmt: skip
# A good envelope in which some fields are anything at all.
SPOILT = st.builds(
    lambda event_type, values: {**envelope(event_type), **values},
    st.sampled_from(EVENTS),
    st.dictionaries(st.sampled_from(FIELDS) | TEXTS, VALUES, max_size=2)
    | st.fixed_dictionaries({"checks": CHECKS, "evidence": EVIDENCE}),
)


@pytest.fixture(scope="module", params=["18", pytest.param("15", marks=pytest.mark.pg15)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Yield a database in which release 1.0 stands on staging."""
    name = {"18": "postgres_server", "15": "postgres15_server"}[request.param]
    server: PostgresServer = request.getfixturevalue(name)
    with server.fresh_database() as url:
        world = World(url, as_user(url, "ops_worker", server))
        release = make_release(world, world.project(), "1.0")
        release.check("G1")
        world.rows("select ops.promote_release(%s, 'staging')", release.id)
        yield world
        world.close()


@settings(max_examples=600 * ROUNDS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    event=SPOILT | VALUES, role=st.sampled_from(["service_role", "ops_operator", "ci_service_role", "sre", "qa_tester"])
)
@example(event=envelope("gate_signoff"), role="service_role")
@example(event={**envelope(), "checks": [{"name": "a", "status": "pass"}, {"name": "a", "status": "fail"}]}, role="sre")
def test_nothing_that_is_sent_breaks_the_door(world: World, event: Any, role: str) -> None:  # noqa: ANN401
    """No exception, one row in the log, and of a refused event not one row anywhere."""
    with world.connection.transaction(force_rollback=True):
        before = written(world)
        world.connection.execute(f"set local role {role}".encode())
        answer = ingest(world, event)
        world.rows("reset role")
        (row,) = world.rows("select * from ops.event_ingest_log")
        assert (row["http_status"], row["processing_status"]) == (answer["http_status"], answer["status"])
        assert answer["message"]
        if answer["status"] == "rejected":
            assert answer["http_status"] in (400, 403, 409, 413, 422)
            assert written(world) == before
            assert answer["http_status"] != 400 or answer["field"], answer
        else:
            assert isinstance(event, dict)
            _everything_was_written(world, before, event)


def _everything_was_written(world: World, before: dict[str, int], event: dict[str, Any]) -> None:
    """Compare what is there with what the event says."""
    new = {table: count - before[table] for table, count in written(world).items()}
    kind = event["event_type"]
    names = {check["name"] for check in event.get("checks") or []}
    own = {"build_complete": {"build"}, "health_check": {"health"}}.get(kind, set())
    hashes = {(item["sha256"], item["kind"]) for item in event.get("evidence") or []}
    assert new["gate_checks"] == (len(names | own) if own else 0)
    assert new["approvals"] == (kind == "gate_signoff")
    assert new["environment_events"] == (kind == "environment_event")
    assert new["evidence_artifacts"] == len(hashes)
    assert new["deployments"] == 0, "it stands there already"


def test_a_whole_history_is_told_by_events_alone(world: World) -> None:
    """The seed's dry run: from the build to production, by events, and told twice it is the same."""
    with world.connection.transaction(force_rollback=True):
        release = Release(world=world, id=world.value("select id from ops.releases"), author="dev")
        manager = {"gate_code": "G3", "persona_role": "release_manager", "approver_id": "max"}
        reason = {"rationale_structured": {"no_backup_reason": "nothing there yet"}}
        history = [
            envelope("build_complete"),
            envelope("deployment_event"),
            envelope("health_check"),
            envelope("gate_signoff"),
            envelope("gate_signoff", **manager),
            envelope("deployment_event", environment="production", **reason),
            envelope("health_check", environment="production"),
        ]
        assert {ingest(world, event)["status"] for event in history} == {"accepted"}
        assert [release.status(f"G{n}") for n in (1, 2, 3, 4)] == ["passed"] * 4
        assert world.value("select status from ops.releases") == "released"
        before = written(world)
        assert {ingest(world, json.loads(json.dumps(event)))["status"] for event in history} == {"duplicate"}
        assert written(world) == before
