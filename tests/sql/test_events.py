"""The audit trail: chained, append-only, and honest about its end."""

from __future__ import annotations

import hashlib
import json
from uuid import UUID

import pytest

from tests.sql.world import World, refused


@pytest.fixture
def run_id(world: World, project: UUID) -> UUID:
    """Return an ended run with events of every kind."""
    run_id = world.work(project)
    for level in ("info", "warn", "warning", "error", "debug"):
        world.rows("select ops.append_event(%s, %s, 'said', '{\"a\": 1}')", run_id, level)
    world.rows("select ops.cancel_run(%s)", run_id)
    world.complete(run_id, 1)
    return run_id


def test_the_chain_of_a_run_is_intact(world: World, run_id: UUID) -> None:
    """Every way an event is written keeps the chain."""
    assert world.value("select ops.verify_run_chain(%s)", run_id) is True
    types = [row["event_type"] for row in world.rows("select event_type from ops.run_events order by seq")]
    assert types == ["state_change"] * 3 + ["info", "warning", "warning", "error", "info", "info", "state_change"]


@pytest.mark.parametrize(
    "tampering",
    [
        "update ops.run_events set message = 'nothing happened' where seq = 4",
        "update ops.run_events set payload = '{}' where seq = 4",
        "update ops.run_events set created_at = created_at + interval '1 microsecond' where seq = 4",
        "update ops.run_events set event_type = 'info' where seq = 7",
        "update ops.run_events set attempt = 2 where seq = 4",
        "delete from ops.run_events where seq = 4",
        "delete from ops.run_events where seq = (select max(seq) from ops.run_events)",
        "delete from ops.run_events where seq = 1",
        "delete from ops.run_events",
    ],
)
def test_one_edited_or_deleted_event_breaks_the_chain(world: World, run_id: UUID, tampering: str) -> None:
    """Also when the last one is cut off, by someone who can get past the triggers."""
    world.connection.execute("set session_replication_role = replica")
    world.connection.execute(tampering.encode())
    assert world.value("select ops.verify_run_chain(%s)", run_id) is False


def test_the_hash_can_be_computed_outside_of_the_database(world: World, run_id: UUID) -> None:
    """An auditor needs only SHA-256 and JSON."""
    event = world.row(
        "select *, jsonb_build_array(run_id, seq, attempt, event_type, message, payload,"
        " extract(epoch from created_at))::text as body from ops.run_events where run_id = %s and seq = 2",
        run_id,
    )
    assert json.loads(event["body"])[4] == event["message"]
    assert hashlib.sha256(event["prev_hash"] + event["body"].encode()).digest() == event["hash"]


def test_the_chain_does_not_depend_on_the_readers_time_zone(world: World, run_id: UUID) -> None:
    """Auditors live everywhere."""
    world.rows("set timezone = 'Asia/Kathmandu'")
    assert world.value("select ops.verify_run_chain(%s)", run_id) is True


def test_events_cannot_be_changed_even_by_the_owner(world: World, run_id: UUID) -> None:
    """Append-only by trigger."""
    for query in (
        "update ops.run_events set message = 'x' where run_id = %s",
        "delete from ops.run_events where run_id = %s",
    ):
        with refused("PT409", "append-only"):
            world.connection.execute(query, [run_id])
    with refused("PT409", "append-only"):
        world.rows("truncate ops.run_events cascade")


@pytest.mark.parametrize("role", ["ops_worker", "service_role", "authenticated", "anon"])
def test_events_cannot_be_written_by_any_role(world: World, run_id: UUID, role: str) -> None:
    """Append-only by grant."""
    caller = world.role(role)
    for query in (
        "update ops.run_events set message = 'x' where run_id = %s",
        "delete from ops.run_events where run_id = %s",
        "insert into ops.run_events (run_id, seq) values (%s, 99)",
    ):
        with refused("42501"):
            caller.connection.execute(query, [run_id])


def test_an_event_has_a_level_that_is_known(world: World, run_id: UUID) -> None:
    """State changes write their own events."""
    with refused("PT400"):
        world.rows("select ops.append_event(%s, 'state_change', 'x')", run_id)


def test_an_operator_may_note_something_on_a_run_that_nobody_has_claimed(world: World, project: UUID) -> None:
    """Waiting runs have a story too."""
    waiting = world.queue(project)
    world.rows("select ops.append_event(%s, 'info', 'waits for the licence')", waiting)
    assert world.messages(waiting) == ["queued", "waits for the licence"]
    assert world.value("select ops.verify_run_chain(%s)", waiting)
