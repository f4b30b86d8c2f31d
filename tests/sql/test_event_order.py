"""Events come late, twice and out of order: what stands is what the newest facts say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.servers import PostgresServer, as_user
from tests.sql.events import Envelope, envelope, ingest, written
from tests.sql.releases import Release, make_release
from tests.sql.world import World

START = datetime.now(UTC) - timedelta(hours=1)


def at(minutes: float) -> str:
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


def test_a_deployment_that_is_told_late_replaces_none_that_began_after_it(world: World, release: Release) -> None:
    """A rollback returns to what was there before, whatever order the deployments were told in."""
    second = make_release(world, world.value("select project_id from ops.releases where id = %s", release.id), "1.1")
    release.check("G1")
    second.check("G1")
    ingest(world, envelope("deployment_event", occurred_at=at(20), release="1.1"))
    ingest(world, envelope("deployment_event", occurred_at=at(10)))
    assert world.rows("select version, replaced_version from ops.v_deployment_history order by version") == [
        {"version": "1.0", "replaced_version": None},
        {"version": "1.1", "replaced_version": "1.0"},
    ]
    back = world.rows("select version, ops_private.release_before(deployment_id) as back from ops.v_deployment_history")
    assert {row["version"]: row["back"] for row in back} == {"1.0": None, "1.1": release.id}


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


# A release of a project, and the minute in which its history begins: two of one place after each other.
SUBJECTS = (("shop", "1.0", 0), ("shop", "1.1", 30), ("books", "1.0", 10))
SOURCES = st.sampled_from(["github_actions", "gitlab"])
CHECKS = ("tests", "lint")


@st.composite
def histories(draw: st.DrawFn) -> list[Envelope]:
    """Draw what happened, in order: each release's builds, decisions, deployment and health, and a preview's events."""
    drawn = [event for subject in SUBJECTS for event in draw(histories_of(*subject))]
    return sorted(drawn, key=lambda event: str(event["occurred_at"]))


@st.composite
def histories_of(draw: st.DrawFn, project: str, version: str, begin: int) -> list[Envelope]:
    """Draw the events of a release, each of another second: of those of one moment the later arrival would count."""
    facts = draw(st.lists(st.one_of(BUILDS, DECISIONS, PREVIEWS), max_size=6))
    facts.append(("build_complete", {"status": "pass", "checks": [{"name": n, "status": "pass"} for n in CHECKS]}))
    # A release that somebody rejected is deployed nowhere.
    if not any(values.get("decision") == "rejected" for _, values in facts):
        facts.append(("deployment_event", {"status": "running"}))
        facts.append(("deployment_event", {"status": draw(st.sampled_from(["succeeded", "failed"]))}))
        if facts[-1][1]["status"] == "succeeded":
            facts += draw(st.lists(HEALTH, max_size=3))
    seconds = sorted(draw(st.sets(st.integers(0, 1200), min_size=len(facts), max_size=len(facts))))
    return [
        envelope(
            kind,
            project=project,
            occurred_at=at(begin + second / 60),
            source=draw(SOURCES),
            **({} if kind == "environment_event" else {"release": version}),
            **values,
        )
        for (kind, values), second in zip(facts, seconds, strict=True)
    ]


STATUSES = st.sampled_from(["pass", "fail"])
CHECKED = st.lists(
    st.builds(lambda name, status: {"name": name, "status": status}, st.sampled_from(CHECKS), STATUSES),
    max_size=2,
    unique_by=lambda check: check["name"],
)
BUILDS = st.tuples(st.just("build_complete"), st.fixed_dictionaries({"status": STATUSES, "checks": CHECKED}))
DECISIONS = st.tuples(
    st.just("gate_signoff"),
    st.fixed_dictionaries(
        {
            "approver_id": st.sampled_from(["ana", "ben"]),
            "decision": st.sampled_from(["approved", "approved", "approved", "rejected"]),
        }
    ),
)
PREVIEWS = st.tuples(
    st.just("environment_event"), st.fixed_dictionaries({"status": st.sampled_from(["restarted", "updated"])})
)
HEALTH = st.tuples(st.just("health_check"), st.fixed_dictionaries({"status": STATUSES}))


@pytest.fixture(scope="module", params=["18", pytest.param("15", marks=pytest.mark.pg15)])
def shared(request: pytest.FixtureRequest) -> Iterator[World]:
    """Yield a database with the releases, in which every example is undone."""
    name = {"18": "postgres_server", "15": "postgres15_server"}[request.param]
    server: PostgresServer = request.getfixturevalue(name)
    with server.fresh_database() as url:
        world = World(url, as_user(url, "ops_worker", server))
        projects = {project: world.project(project) for project, _, _ in SUBJECTS}
        for project, version, _ in SUBJECTS:
            make_release(world, projects[project], version)
        yield world
        world.close()


# No shrinking: a history has some forty events, each of them a call of the database.
@settings(
    max_examples=40, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(data=st.data(), history=histories())
def test_any_order_of_events_ends_where_the_ordered_ones_end(
    shared: World, data: st.DataObject, history: list[Envelope]
) -> None:
    """A sender repeats what was refused for what is not there yet; some events come twice, and some at the very end."""
    twice = data.draw(st.lists(st.sampled_from(history), max_size=6))
    late = data.draw(st.lists(st.sampled_from(history), max_size=4, unique_by=lambda event: event["idempotency_key"]))
    early = [event for event in [*history, *twice] if event not in late]
    shuffled = [*data.draw(st.permutations(early)), *late]
    assert outcome(shared, shuffled) == outcome(shared, history)


def outcome(world: World, events: Sequence[Envelope]) -> dict[str, Any]:
    """Return what stands after the events, which are undone."""
    with world.connection.transaction(force_rollback=True):
        waiting = list(events)
        while waiting:
            answers = [(event, ingest(world, event)["http_status"]) for event in waiting]
            assert {status for _, status in answers} <= {200, 409}
            refused = [event for event, status in answers if status == 409]
            assert len(refused) < len(waiting), "nothing that is refused stays refused"
            waiting = refused
        return {name: world.rows(question) for name, question in STANDS.items()}


OF = "join ops.releases as r on r.id = t.release_id join ops.projects as p on p.id = r.project_id"
STANDS: dict[str, LiteralString] = {
    "gates": f"select p.slug, r.version, t.gate_code, t.status, t.merit, t.reason from ops.v_gate_status as t {OF}"
    " order by 1, 2, 3",
    "summary": "select p.slug, r.version, t.gate_code, t.checks_passed, t.checks_failed, t.approvals, t.rejections,"
    f" t.approvers from ops.v_release_gate_summary as t {OF} order by 1, 2, 3",
    "releases": "select p.slug, t.version, t.status from ops.releases as t"
    " join ops.projects as p on p.id = t.project_id order by 1, 2",
    "deployments": "select p.slug, r.version, t.stage, t.status, t.g4_status, t.started_at, t.told_at"
    f" from ops.deployments as t {OF} order by 1, 2, 3",
    "replaced": "select p.slug, r.version, h.replaced_version, b.version as goes_back_to"
    f" from ops.deployments as t {OF} join ops.v_deployment_history as h on h.deployment_id = t.id"
    " left join ops.releases as b on b.id = ops_private.release_before(t.id) order by 1, 2",
    "eligible": "select p.slug, r.version, t.eligible_for_staging, t.eligible_for_production"
    f" from ops.v_promotion_eligibility as t {OF} order by 1, 2",
    "previews": "select p.slug, t.environment, t.event, t.source, t.occurred_at from ops.environment_events as t"
    " join ops.projects as p on p.id = t.project_id where t.environment <> 'project' order by 1, 2, 5",
}
