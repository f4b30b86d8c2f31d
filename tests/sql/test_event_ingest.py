"""Events from outside: the seed's cases (tasks T3), what each event writes, and that nothing is written twice."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.sql.actors import Actors
from tests.sql.events import EVENTS, envelope, ingest, written
from tests.sql.releases import Release, make_release
from tests.sql.world import Caller, World, connect

NOTHING = dict.fromkeys(
    ("gate_checks", "approvals", "evidence_artifacts", "deployments", "environment_events", "incidents"), 0
)


@pytest.fixture
def release(world: World, project: UUID) -> Release:
    """Return release 1.0 of project shop."""
    return make_release(world, project, "1.0")


@pytest.fixture
def service(actors: Actors, release: Release) -> Caller:
    """Return the service role, which may tell everything, with a release to tell it of."""
    assert release
    return actors.token("service_role")


def log(world: World) -> list[dict[str, Any]]:
    """Return the log of deliveries."""
    return world.rows("select * from ops.event_ingest_log order by id")


def test_first_time_accept(world: World, service: Caller, release: Release) -> None:
    """The log says accepted, and the event did what it says."""
    answer = ingest(service, envelope())
    assert (answer["http_status"], answer["status"]) == (200, "accepted")
    (row,) = log(world)
    assert (row["processing_status"], row["http_status"], row["error"]) == ("accepted", 200, None)
    assert (row["id"], row["release_id"]) == (answer["ids"]["log_id"], release.id)
    assert release.status("G1") == "passed"


def test_duplicate_retry(world: World, service: Caller) -> None:
    """The log says duplicate, and no second record is written."""
    event = envelope()
    first = ingest(service, event)
    before = written(world)
    again = ingest(service, event)
    assert (again["http_status"], again["status"]) == (200, "duplicate")
    assert again["ids"]["log_id"] == first["ids"]["log_id"]
    assert written(world) == before
    assert [row["processing_status"] for row in log(world)] == ["accepted", "duplicate"]


def test_unknown_schema_version_is_http_422(world: World, service: Caller) -> None:
    """What a later version means is not guessed."""
    answer = ingest(service, envelope(schema_version="2.0"))
    assert (answer["http_status"], answer["field"]) == (422, "schema_version")
    assert [row["http_status"] for row in log(world)] == [422]


@pytest.mark.parametrize("event_type", EVENTS)
def test_missing_required_field_is_http_400(world: World, service: Caller, event_type: str) -> None:
    """Each field that is needed is missed by its name, and so is one that is null."""
    whole = envelope(event_type)
    optional = {"image_digest", "git_sha", "approver_id", "persona_role", "rationale_structured"}
    if event_type != "gate_signoff":
        optional |= {"gate_code"}
    for field in whole.keys() - optional:
        for broken in ({k: v for k, v in whole.items() if k != field}, whole | {field: None}):
            answer = ingest(service, broken)
            assert (answer["http_status"], answer["field"]) == (400, field), broken
    assert written(world) == NOTHING


@pytest.mark.parametrize("event_type", [e for e in EVENTS if e != "environment_event"])
def test_unknown_release_id_is_http_409(world: World, service: Caller, event_type: str) -> None:
    """An event tells of a release that is there; a build does not make one."""
    for name in ("9.9", str(uuid4())):
        answer = ingest(service, envelope(event_type, release=name))
        assert (answer["http_status"], answer["field"]) == (409, "release")
    assert written(world) == NOTHING


MALFORMED: list[tuple[str, str, object]] = [
    ("build_complete", "schema_version", 1),
    ("build_complete", "event_type", "build_done"),
    ("build_complete", "event_type", ["build_complete"]),
    ("build_complete", "idempotency_key", ""),
    ("build_complete", "idempotency_key", "k" * 201),
    ("build_complete", "idempotency_key", 7),
    ("build_complete", "source", {}),
    ("build_complete", "occurred_at", "yesterday"),
    ("build_complete", "occurred_at", "2026-02-13T12:00:00"),
    ("build_complete", "occurred_at", "2026-02-30T12:00:00Z"),
    ("build_complete", "occurred_at", "2999-01-01T00:00:00Z"),
    ("build_complete", "occurred_at", 1770984000),
    ("build_complete", "project", ["shop"]),
    ("build_complete", "release", 1.0),
    ("build_complete", "gate_code", "G2"),
    ("build_complete", "gate_code", "G9"),
    ("build_complete", "status", "green"),
    ("build_complete", "image_digest", "sha256:abc"),
    ("build_complete", "image_digest", "latest"),
    ("build_complete", "git_sha", "main"),
    ("build_complete", "git_sha", "A" * 40),
    ("build_complete", "checks", {}),
    ("build_complete", "checks", "all"),
    ("build_complete", "evidence", 3),
    ("gate_signoff", "gate_code", "G1"),
    ("gate_signoff", "decision", "maybe"),
    ("gate_signoff", "decision", True),
    ("gate_signoff", "approver_id", 5),
    ("gate_signoff", "persona_role", "release_manager"),
    ("gate_signoff", "persona_role", "boss"),
    ("gate_signoff", "rationale_structured", "looks good"),
    ("gate_signoff", "rationale_structured", []),
    ("deployment_event", "environment", "development"),
    ("deployment_event", "environment", []),
    ("deployment_event", "status", "exploded"),
    ("health_check", "gate_code", "G1"),
    ("health_check", "status", "succeeded"),
    ("environment_event", "evidence", [{"kind": "log", "s3_url": "s3://b/l", "sha256": "0" * 64}]),
]


@pytest.mark.parametrize(("event_type", "field", "value"), MALFORMED)
def test_a_malformed_field_is_named(world: World, service: Caller, event_type: str, field: str, value: object) -> None:
    """400, with the field, and nothing but the log's row is written."""
    answer = ingest(service, envelope(event_type, **{field: value}))
    assert (answer["http_status"], answer["field"]) == (400, field), answer
    assert answer["hint"]
    assert written(world) == NOTHING
    (row,) = log(world)
    assert row["error"].startswith(field)


PARTS: list[tuple[str, object, str]] = [
    ("checks", "lint", "checks[1]"),
    ("checks", {"status": "pass"}, "checks[1].name"),
    ("checks", {"name": "lint"}, "checks[1].status"),
    ("checks", {"name": "lint", "status": None}, "checks[1].status"),
    ("checks", {"name": "tests", "status": "pass"}, "checks[1].name"),
    ("checks", {"name": "n" * 2001, "status": "pass"}, "checks[1].name"),
    ("checks", {"name": "lint", "status": "pass", "summary": 3}, "checks[1].summary"),
    ("checks", {"name": "lint", "status": "pass", "metadata": []}, "checks[1].metadata"),
    ("evidence", None, "evidence[1]"),
    ("evidence", {"kind": "sbom", "s3_url": "s3://b/s"}, "evidence[1].sha256"),
    ("evidence", {"kind": "sbom", "s3_url": "s3://b/s", "sha256": "xyz"}, "evidence[1].sha256"),
    ("evidence", {"kind": "sbom", "s3_url": "javascript:alert(1)//s3://b/s", "sha256": "0" * 64}, "evidence[1].s3_url"),
    ("evidence", {"kind": "", "s3_url": "s3://b/s", "sha256": "0" * 64}, "evidence[1].kind"),
    (
        "evidence",
        {"kind": "sbom", "s3_url": "s3://b/s", "sha256": "1" * 64, "size_bytes": "big"},
        "evidence[1].size_bytes",
    ),
    (
        "evidence",
        {"kind": "sbom", "s3_url": "s3://b/s", "sha256": "1" * 64, "size_bytes": -1},
        "evidence[1].size_bytes",
    ),
    (
        "evidence",
        {"kind": "sbom", "s3_url": "s3://b/s", "sha256": "1" * 64, "size_bytes": 1e17},
        "evidence[1].size_bytes",
    ),
]
GOOD = {
    "checks": {"name": "tests", "status": "pass", "summary": "12 passed", "metadata": {"n": 12}},
    "evidence": {"kind": "log", "s3_url": "s3://b/l", "sha256": "0" * 64, "size_bytes": 12},
}


@pytest.mark.parametrize(("field", "entry", "named"), PARTS)
def test_a_malformed_part_is_named_by_its_place(
    world: World, service: Caller, field: str, entry: object, named: str
) -> None:
    """The good entry before it is not written either."""
    answer = ingest(service, envelope(**{field: [GOOD[field], entry]}))
    assert (answer["http_status"], answer["field"]) == (400, named), answer
    assert written(world) == NOTHING


@pytest.mark.parametrize("kind", ["null", "[]", '"event"', "7", "true", "an envelope in a list"])
def test_what_is_no_object_is_no_envelope(world: World, service: Caller, kind: str) -> None:
    """400, and logged."""
    event = [envelope()] if kind == "an envelope in a list" else json.loads(kind)
    answer = ingest(service, event)
    assert (answer["http_status"], answer["field"]) == (400, "envelope")
    assert len(log(world)) == 1


def test_no_envelope_at_all_is_refused(world: World, service: Caller) -> None:
    """SQL null is not an exception."""
    assert service.value("select ops.ingest_event(null)")["http_status"] == 400
    assert len(log(world)) == 1


def test_an_envelope_over_256_kb_is_too_large(world: World, service: Caller) -> None:
    """413, and the log keeps the beginning of it."""
    answer = ingest(service, envelope(rationale_structured={"text": "ü" * 140_000}))
    assert answer["http_status"] == 413
    (row,) = log(world)
    assert row["size_bytes"] > 262_144
    assert len(json.dumps(row["envelope"], ensure_ascii=False).encode()) <= 65_536
    assert row["envelope"]["truncated"].startswith("{")


def test_short_numbers_that_are_long_when_written_out_are_refused(world: World, service: Caller) -> None:
    """A few bytes must not become a gigabyte."""
    many = ", ".join(["1e100000", "1e-16000"] * 5000)
    text = json.dumps(envelope(rationale_structured={"n": []})).replace("[]", f"[{many}]")
    answer = service.value("select ops.ingest_event(%s::jsonb)", text)
    assert (answer["http_status"], answer["field"]) == (400, "envelope")
    assert [row["envelope"] for row in log(world)] == [None]


@pytest.mark.parametrize("depth", [32, 100, 2000, 5000])
def test_an_envelope_nested_deeper_than_readers_go_is_refused(world: World, service: Caller, depth: int) -> None:
    """And not kept, or the log could not be read."""
    text = json.dumps(envelope(rationale_structured={"deep": "x"})).replace('"x"', "[" * depth + "]" * depth)
    answer = service.value("select ops.ingest_event(%s::jsonb)", text)
    assert (answer["http_status"], answer["field"]) == (400, "envelope")
    assert [row["envelope"] for row in log(world)] == [None]


def test_the_same_key_with_another_body_is_a_conflict(world: World, service: Caller) -> None:
    """It is another event, and not this one told again."""
    event = envelope()
    ingest(service, event)
    before = written(world)
    answer = ingest(service, event | {"status": "fail"})
    assert (answer["http_status"], answer["field"]) == (409, "idempotency_key")
    assert written(world) == before


def test_what_was_refused_may_be_sent_again_mended(service: Caller) -> None:
    """A refusal does not use the key up."""
    event = envelope(release="9.9")
    assert ingest(service, event)["http_status"] == 409
    assert ingest(service, event | {"release": "1.0"})["status"] == "accepted"


def test_thirty_two_deliveries_at_once_are_one_event(world: World, release: Release) -> None:
    """One is accepted, the others are duplicates, and there is one set of rows."""
    event = json.dumps(envelope(checks=[GOOD["checks"]], evidence=[GOOD["evidence"]]))

    def send(_: int) -> str:
        with connect(world.url) as connection:
            connection.execute("set role service_role")
            row = connection.execute("select ops.ingest_event(%s) as answer", [event]).fetchone()
            assert row is not None
            return str(row["answer"]["status"])

    with ThreadPoolExecutor(32) as pool:
        assert Counter(pool.map(send, range(32))) == {"accepted": 1, "duplicate": 31}
    assert written(world) == NOTHING | {"gate_checks": 2, "evidence_artifacts": 1}
    assert Counter(row["processing_status"] for row in log(world)) == {"accepted": 1, "duplicate": 31}
    assert release.status("G1") == "passed"


def test_an_event_whose_first_delivery_failed_is_taken_from_the_second(world: World, release: Release) -> None:
    """The one that waited finds the key free."""
    event = json.dumps(envelope())
    first, second = connect(world.url), connect(world.url)
    with ThreadPoolExecutor(1) as pool:
        first.execute("begin")
        first.execute("select ops.ingest_event(%s)", [event])
        waiting = pool.submit(second.execute, "select ops.ingest_event(%s) as answer", [event])
        first.execute("rollback")
        row = waiting.result().fetchone()
    assert row is not None
    assert row["answer"]["status"] == "accepted"
    assert release.status("G1") == "passed"
    first.close()
    second.close()


def test_a_build_answers_gate_g1(world: World, service: Caller, release: Release) -> None:
    """Its outcome is the check build; its own checks and evidence stand beside it."""
    ids = ingest(service, envelope(checks=[GOOD["checks"]], evidence=[GOOD["evidence"]]))["ids"]
    checks = {row["name"]: row for row in world.rows("select * from ops.gate_checks")}
    assert {name: row["status"] for name, row in checks.items()} == {"build": "passed", "tests": "passed"}
    assert checks["tests"]["source"] == "github_actions"
    assert {str(row["id"]) for row in checks.values()} == set(ids["check_ids"])
    evidence = world.row("select * from ops.evidence_artifacts")
    assert (evidence["gate_id"], evidence["release_id"]) == (release.gate("G1"), release.id)
    ingest(service, envelope(status="fail"))
    assert release.status("G1") == "failed"


@pytest.mark.parametrize(("field", "value"), [("image_digest", "sha256:" + "2" * 64), ("git_sha", "b" * 40)])
def test_a_build_of_something_else_says_nothing_of_the_release(
    world: World, service: Caller, field: str, value: str
) -> None:
    """What is deployed must be what was built."""
    answer = ingest(service, envelope(**{field: value}))
    assert (answer["http_status"], answer["field"]) == (409, field)
    assert written(world) == NOTHING


def test_a_qa_signoff_passes_gate_g2(world: World, service: Caller, release: Release) -> None:
    """The approval is the named person's."""
    ingest(service, envelope("gate_signoff"))
    assert release.status("G2") == "passed"
    row = world.row("select * from ops.approvals")
    assert (row["approver_id"], row["persona_role"], row["decision"]) == ("ana", "qa_tester", "approved")
    assert (row["rationale_structured"], row["source"]) == ({"plan": "smoke"}, "github_actions")


def test_the_author_does_not_sign_off(world: World, service: Caller, release: Release) -> None:
    """Nor does anybody for them."""
    answer = ingest(service, envelope("gate_signoff", approver_id=release.author))
    assert (answer["http_status"], answer["field"]) == (403, "approver_id")
    assert written(world) == NOTHING


def test_a_deployment_told_of_is_one_that_the_gates_allow(world: World, service: Caller, release: Release) -> None:
    """A deployment around the gates is refused, and logged."""
    answer = ingest(service, envelope("deployment_event"))
    assert answer["http_status"] == 409
    assert "not eligible" in answer["message"]
    release.check("G1")
    ids = ingest(service, envelope("deployment_event", status="running"))["ids"]
    again = ingest(service, envelope("deployment_event", status="succeeded"))["ids"]
    told_twice = ingest(service, envelope("deployment_event", status="succeeded"))["ids"]
    assert ids["deployment_id"] == again["deployment_id"] == told_twice["deployment_id"]
    assert world.value("select status from ops.deployments") == "succeeded"
    assert [row["http_status"] for row in log(world)] == [409, 200, 200, 200]


def test_a_production_deployment_told_of_says_why_there_is_no_backup(
    world: World, service: Caller, release: Release
) -> None:
    """Like any other."""
    release.check("G1")
    release.approve("G2")
    release.approve("G3")
    event = envelope("deployment_event", environment="production")
    assert ingest(service, event)["http_status"] == 409
    reasoned = event | {"rationale_structured": {"no_backup_reason": "nothing there yet"}}
    assert ingest(service, reasoned)["status"] == "accepted"
    assert world.value("select no_backup_reason from ops.deployments") == "nothing there yet"


def test_a_health_check_resolves_gate_g4(world: World, service: Caller, release: Release) -> None:
    """And the deployment's own status; before any deployment it is about nothing."""
    answer = ingest(service, envelope("health_check"))
    assert (answer["http_status"], answer["field"]) == (409, "environment")
    release.check("G1")
    ingest(service, envelope("deployment_event"))
    ingest(service, envelope("health_check"))
    assert release.status("G4") == "passed"
    assert world.value("select g4_status from ops.deployments") == "passed"


def test_an_environment_event_is_kept(world: World, project: UUID, service: Caller) -> None:
    """With the environment, where it is one of ours, and with what the event says."""
    environment = world.value("select id from ops.ensure_environment(%s, 'feature/a')", project)
    ingest(service, envelope("environment_event", rationale_structured={"by": "cron"}))
    ingest(service, envelope("environment_event", environment="elsewhere"))
    rows = world.rows("select * from ops.environment_events where environment <> 'project' order by id")
    assert [row["environment_id"] for row in rows] == [environment, None]
    assert (rows[0]["event"], rows[0]["payload"]) == ("restarted", {"rationale_structured": {"by": "cron"}})


def test_an_unknown_or_archived_project_is_a_conflict(world: World, service: Caller) -> None:
    """Whatever the event."""
    answer = ingest(service, envelope(project="nowhere"))
    assert (answer["http_status"], answer["field"]) == (409, "project")
    world.rows("select * from ops.archive_project('shop')")
    assert ingest(service, envelope())["field"] == "project"


# What each caller may tell; everything else is 403.
MAY = {
    "ci_service_role": {"build_complete"},
    "qa_tester": {"G2"},
    "release_manager": {"G3"},
    "sre": {"deployment_event", "health_check", "environment_event"},
    "ops_operator": {"build_complete", "deployment_event", "health_check", "environment_event"},
    "service_role": {"build_complete", "G2", "G3", "deployment_event", "health_check", "environment_event"},
}


@pytest.mark.parametrize("persona", MAY)
def test_each_persona_tells_its_own_events(world: World, actors: Actors, release: Release, persona: str) -> None:
    """Refused ones are logged with who sent them."""
    release.check("G1")
    release.approve("G2", by="tina")
    deployment = "select ops.promote_release(%s, 'staging')"
    world.rows(deployment, release.id)
    caller = world.operator() if persona == "ops_operator" else actors.token(persona, sub="ana")
    events = {name: envelope(name) for name in EVENTS if name != "gate_signoff"}
    events["G2"] = envelope("gate_signoff", approver_id="ana")
    events["G3"] = envelope("gate_signoff", gate_code="G3", persona_role=None, approver_id="ana")
    told = {name: ingest(caller, event) for name, event in events.items()}
    assert {name for name, answer in told.items() if answer["http_status"] == 200} == MAY[persona], told
    assert {answer["http_status"] for answer in told.values()} <= {200, 403}
    refused = [row for row in log(world) if row["processing_status"] == "rejected"]
    assert all(row["caller_role"] == persona for row in refused)
    assert len(refused) == len(events) - len(MAY[persona])


def test_a_persona_speaks_for_nobody_else(world: World, actors: Actors, release: Release) -> None:
    """Somebody else's approval cannot be told."""
    assert release
    answer = ingest(actors.token("qa_tester", sub="ana"), envelope("gate_signoff", approver_id="ben"))
    assert (answer["http_status"], answer["field"]) == (403, "approver_id")
    assert written(world) == NOTHING


def test_postgrest_answers_with_the_status(world: World, release: Release) -> None:
    """The HTTP status is what the answer says."""
    assert release
    with world.connection.transaction():
        world.rows("select ops.ingest_event('{}')")
        assert world.value("select current_setting('response.status')") == "400"
