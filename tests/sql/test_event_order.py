"""Events come late, twice and out of order: what stands is what the newest facts say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.servers import PostgresServer, as_user
from tests.sql.events import Envelope, envelope, ingest, written
from tests.sql.releases import Release, make_release
from tests.sql.world import World

START = datetime.now(UTC) - timedelta(hours=1)


def at(minutes: int) -> str:
    """Return a moment some minutes after the start."""
    return (START + timedelta(minutes=minutes)).isoformat()


@pytest.fixture
def release(world: World, project: UUID) -> Release:
    """Return release 1.0 of project shop."""
    return make_release(world, project, "1.0")


def test_a_build_that_comes_late_overrules_no_newer_one(world: World, release: Release) -> None:
    """It is recorded, and the answer says that it changed nothing."""
    ingest(world, envelope(occurred_at=at(2)))
    late = ingest(world, envelope(occurred_at=at(1), status="fail"))
    assert (late["status"], late["message"]) == ("accepted", "accepted, and overruled by a newer fact")
    assert release.status("G1") == "passed"
    assert len(world.rows("select * from ops.gate_checks")) == 2
    summary = world.row("select * from ops.v_release_gate_summary where gate_code = 'G1'")
    assert (summary["checks_passed"], summary["checks_failed"]) == (1, 0)
    newer = ingest(world, envelope(occurred_at=at(3), status="fail"))
    assert newer["message"] == "accepted"
    assert release.status("G1") == "failed"


def test_of_two_facts_of_one_moment_the_later_arrival_counts(world: World, release: Release) -> None:
    """Clocks that count whole seconds give many events the same time."""
    ingest(world, envelope(occurred_at=at(1), status="fail"))
    ingest(world, envelope(occurred_at=at(1)))
    assert release.status("G1") == "passed"


def test_no_decision_overrules_a_rejection(world: World, release: Release) -> None:
    """It stays, whatever its person approved before or after, and the answer says so."""
    ingest(world, envelope("gate_signoff", occurred_at=at(2), decision="rejected"))
    late = ingest(world, envelope("gate_signoff", occurred_at=at(1)))
    assert late["message"] == "accepted, and overruled by a newer fact"
    assert release.status("G2") == "failed"
    newer = ingest(world, envelope("gate_signoff", occurred_at=at(3)))
    assert newer["message"] == "accepted, and overruled by a newer fact"
    assert release.status("G2") == "failed"


def test_a_clock_that_is_ahead_gains_nothing(world: World, release: Release) -> None:
    """What is told of the next minutes happened when it arrived, at the latest."""
    ahead = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    ingest(world, envelope(occurred_at=ahead))
    release.check("G1", status="failed")
    assert release.status("G1") == "failed"


def test_a_late_running_opens_no_second_deployment(world: World, release: Release) -> None:
    """Its deployment ended already; another one that begins later is another."""
    release.check("G1")
    first = ingest(world, envelope("deployment_event", occurred_at=at(2)))
    late = ingest(world, envelope("deployment_event", occurred_at=at(1), status="running"))
    assert late["ids"]["deployment_id"] == first["ids"]["deployment_id"]
    assert late["message"] == "accepted, and overruled by a newer fact"
    row = world.row("select * from ops.deployments")
    assert (row["status"], row["started_at"]) == ("succeeded", START + timedelta(minutes=1))
    ingest(world, envelope("deployment_event", occurred_at=at(3), status="running"))
    assert len(world.rows("select * from ops.deployments")) == 2


def test_a_late_end_of_an_earlier_deployment_does_not_end_the_one_at_work(world: World, release: Release) -> None:
    """The same release may be deployed twice to one place."""
    release.check("G1")
    ingest(world, envelope("deployment_event", occurred_at=at(1)))
    world.rows("select ops.promote_release(%s, 'staging')", release.id)
    ingest(world, envelope("deployment_event", occurred_at=at(2), status="failed"))
    rows = world.rows("select status from ops.deployments order by created_at")
    assert [row["status"] for row in rows] == ["succeeded", "pending"]


def test_a_late_health_check_is_about_the_deployment_of_its_time(world: World, release: Release) -> None:
    """It says nothing of the newest one."""
    release.check("G1")
    first = ingest(world, envelope("deployment_event", occurred_at=at(10)))["ids"]["deployment_id"]
    ingest(world, envelope("deployment_event", occurred_at=at(20), status="running"))
    ingest(world, envelope("deployment_event", occurred_at=at(21)))
    ingest(world, envelope("health_check", occurred_at=at(22)))
    late = ingest(world, envelope("health_check", occurred_at=at(12), status="fail"))
    assert late["ids"]["deployment_id"] == first
    assert release.status("G4") == "passed"


def test_a_retry_that_tells_another_time_is_a_duplicate(world: World, release: Release) -> None:
    """Senders stamp each attempt; the order of the keys says nothing either."""
    assert release
    event = envelope(occurred_at=at(1), checks=[{"name": "tests", "status": "pass"}])
    ingest(world, event)
    before = written(world)
    again = dict(reversed(list({**event, "occurred_at": at(2)}.items())))
    answer = world.value("select ops.ingest_event(%s::jsonb)", json.dumps(again))
    assert answer["status"] == "duplicate"
    assert written(world) == before


def test_a_key_is_accepted_once_in_each_project(world: World, release: Release) -> None:
    """Two pipelines count their runs alike."""
    assert release
    make_release(world, world.project("books"), "1.0")
    event = envelope()
    assert ingest(world, event)["status"] == "accepted"
    assert ingest(world, event | {"project": "books"})["status"] == "accepted"
    assert ingest(world, event | {"project": "books"})["status"] == "duplicate"
    assert len(world.rows("select * from ops.gate_checks")) == 2


def events_of(minutes: Sequence[int], choices: Sequence[bool]) -> list[Envelope]:
    """Return what happened, in order: builds and decisions, the newest of which pass, a deployment and its health.

    A release that somebody rejected is deployed nowhere.
    """
    moments, passes = iter(sorted(minutes)), iter(choices)
    found = []
    for kind, values in (
        ("build_complete", {}), ("build_complete", {}),
        ("gate_signoff", {"approver_id": "ana"}), ("gate_signoff", {"approver_id": "ben"}),
        ("gate_signoff", {"approver_id": "ana"}),
    ):  # fmt: skip
        field, words = (
            ("status", ("fail", "pass")) if kind == "build_complete" else ("decision", ("rejected", "approved"))
        )
        found.append(envelope(kind, occurred_at=at(next(moments)), **{field: words[next(passes)]}, **values))
    last = [
        ("build_complete", {}),
        ("gate_signoff", {"approver_id": "ana"}),
        ("gate_signoff", {"approver_id": "ben"}),
        ("deployment_event", {"status": "running"}),
        ("deployment_event", {"status": "succeeded"}),
        ("health_check", {"status": "fail" if next(passes) else "pass"}),
        ("health_check", {"status": "pass"}),
    ]
    if any(event.get("decision") == "rejected" for event in found):
        last = last[:3]
    return found + [envelope(kind, occurred_at=at(next(moments)), **values) for kind, values in last]


HISTORIES = st.builds(
    events_of,
    st.sets(st.integers(0, 59), min_size=12, max_size=12).map(list),
    st.lists(st.booleans(), min_size=6, max_size=6),
)


@pytest.fixture(scope="module", params=["18", pytest.param("15", marks=pytest.mark.pg15)])
def shared(request: pytest.FixtureRequest) -> Iterator[World]:
    """Yield a database with release 1.0 of project shop, in which every example is undone."""
    name = {"18": "postgres_server", "15": "postgres15_server"}[request.param]
    server: PostgresServer = request.getfixturevalue(name)
    with server.fresh_database() as url:
        world = World(url, as_user(url, "ops_worker", server))
        make_release(world, world.project(), "1.0")
        yield world
        world.close()


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), history=HISTORIES)
def test_any_order_of_events_ends_where_the_ordered_ones_end(
    shared: World, data: st.DataObject, history: list[Envelope]
) -> None:
    """A sender repeats what was refused for what is not there yet, and some events come twice."""
    twice = data.draw(st.lists(st.sampled_from(history), max_size=4))
    shuffled = data.draw(st.permutations([*history, *twice]))
    assert outcome(shared, shuffled) == outcome(shared, history)


def outcome(world: World, events: Sequence[Envelope]) -> dict[str, Any]:
    """Return what stands after the events, which are undone."""
    with world.connection.transaction(force_rollback=True):
        waiting = list(events)
        while waiting:
            refused = [event for event in waiting if ingest(world, event)["http_status"] == 409]
            assert len(refused) < len(waiting), "nothing that is refused stays refused"
            waiting = refused
        return {
            "gates": world.rows("select gate_code, status, merit, reason from ops.v_gate_status order by gate_code"),
            "summary": world.rows(
                "select gate_code, checks_passed, checks_failed, approvals, rejections, approvers"
                " from ops.v_release_gate_summary order by gate_code"
            ),
            "release": world.value("select status from ops.releases"),
            "deployments": world.rows("select stage, status, g4_status, started_at, told_at from ops.deployments"),
            "eligible": world.rows(
                "select eligible_for_staging, eligible_for_production from ops.v_promotion_eligibility"
            ),
        }
