"""POST /v1/events against a real gateway and a real control plane: the table of cases, keys, limits, OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as rounds
from hypothesis import strategies as st

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.doors.http.envelope import FIELDS, NEEDED
from odooops_dagster.doors.http.events import MAX_BODY_BYTES
from odooops_dagster.doors.http.rates import STRANGERS, Rates
from odooops_dagster.errors import BadInput, Conflict, NotFound
from odooops_dagster.settings import Settings
from tests.event_cases import TYPES, Case, cases, key_for
from tests.sql.events import EVENTS, envelope
from tests.sql.releases import Release, make_release
from tests.sql.world import World

DAY = timedelta(days=1)


@pytest.fixture
def release(world: World) -> Release:
    """Release 1.0 of project shop."""
    return make_release(world, world.project(), "1.0")


@pytest.fixture
def client(tmp_path: Path, control: ControlPlane) -> Iterator[TestClient]:
    """A gateway that works as the platform's worker."""
    with TestClient(create_app(Settings(home=tmp_path), control)) as client:
        yield client


def post(client: TestClient, key: str, body: Any) -> httpx2.Response:  # noqa: ANN401
    """Send the body, or the envelope."""
    content = json.dumps(body).encode() if isinstance(body, dict) else body
    response: httpx2.Response = client.post(
        "/v1/events", content=content, headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    )
    return response


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_an_event_is_answered_as_the_table_says(
    client: TestClient, owner: ControlPlane, release: Release, case: Case
) -> None:
    """HTTP answers what SQL answers, and each delivery leaves its row."""
    case.prepare(release)
    key = key_for(owner, case.sender if case.sender in TYPES else "ci_service_role")
    if "told" in case.before:
        assert post(client, key, case.first).status_code == 200
    response = post(client, key, case.body)
    case.check(release, response.status_code, response.json())


def test_a_key_is_kept_as_a_hash_and_shown_by_its_prefix(world: World, owner: ControlPlane, release: Release) -> None:
    """Neither the key nor the hash that the gateway sends stands anywhere."""
    assert release
    key = key_for(owner, "sre")
    [listed] = owner.keys.list()
    assert key.startswith(f"opsk_{listed.prefix}_")
    assert (listed.status, listed.last_used_at) == ("active", None)
    everything = str(world.rows("select * from ops.event_keys"))
    assert key.rpartition("_")[2] not in everything
    stored = world.value("select key_sha256 from ops.event_keys")
    assert world.value("select ops.receive_event('', %s, %s) ->> 'http_status'", listed.prefix, stored) == "401", (
        "what is stored opens nothing"
    )


def test_a_key_notes_when_it_was_used(client: TestClient, owner: ControlPlane, release: Release) -> None:
    """An operator sees which keys nobody uses."""
    assert release
    post(client, key_for(owner, "sre"), envelope("environment_event"))
    [listed] = owner.keys.list()
    assert listed.last_used_at is not None


@pytest.mark.parametrize("fault", ["missing", "basic", "malformed", "unknown", "wrong", "expired", "revoked"])
def test_a_key_that_does_not_work_is_refused(
    client: TestClient, world: World, owner: ControlPlane, release: Release, fault: str
) -> None:
    """401; a key that exists leaves a row without the body, which nobody vouches for."""
    assert release
    key = key_for(owner, "sre")
    [listed] = owner.keys.list()
    if fault == "expired":
        world.rows("update ops.event_keys set created_at = now() - interval '2 h', expires_at = now()")
    if fault == "revoked":
        assert owner.keys.revoke(listed.prefix)
        assert not owner.keys.revoke(listed.prefix), "it had ended"
    spoilt = {
        "missing": {},
        "basic": {"Authorization": f"Basic {key}"},
        "malformed": {"Authorization": "Bearer opsk_x"},
        "unknown": {"Authorization": f"Bearer opsk_{'0' * 12}_{'0' * 64}"},
        "wrong": {"Authorization": f"Bearer opsk_{listed.prefix}_{'0' * 64}"},
    }
    headers = spoilt.get(fault, {"Authorization": f"Bearer {key}"})
    response = client.post("/v1/events", json=envelope("environment_event"), headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    rows = world.rows("select * from ops.event_ingest_log")
    assert [(row["http_status"], row["envelope"]) for row in rows] == (
        [(401, None)] if fault in ("wrong", "expired", "revoked") else []
    )


def test_a_key_speaks_of_its_project_and_events_only(
    client: TestClient, world: World, owner: ControlPlane, release: Release
) -> None:
    """Elsewhere it is refused, and learns nothing of what is there."""
    shop = world.value("select project_id from ops.releases where id = %s", release.id)
    world.project("other")
    key = key_for(owner, "sre", project_id=shop, event_types=["environment_event"])
    assert post(client, key, envelope("environment_event")).status_code == 200
    for refused in (
        envelope("environment_event", project="other"),
        envelope("environment_event", project="nowhere"),
        envelope("deployment_event"),
    ):
        assert post(client, key, refused).status_code == 403, refused


def test_a_successor_replaces_a_key_and_both_work_while_they_overlap(
    client: TestClient, world: World, owner: ControlPlane, release: Release
) -> None:
    """It has the same rights; the old one ends with the overlap."""
    assert release
    old = key_for(owner, "sre")
    [listed] = owner.keys.list()
    new = owner.keys.rotate(listed.prefix, expires_at=datetime.now(UTC) + DAY, overlap=timedelta(hours=1)).key
    assert [post(client, key, envelope("environment_event")).status_code for key in (old, new)] == [200, 200]
    world.rows(
        "update ops.event_keys set created_at = created_at - interval '2 h', expires_at = expires_at - interval '2 h'"
    )
    assert [post(client, key, envelope("environment_event")).status_code for key in (old, new)] == [401, 200]
    with pytest.raises(Conflict, match="has ended"):
        owner.keys.rotate(listed.prefix, expires_at=datetime.now(UTC) + DAY, overlap=timedelta(0))


def test_a_key_that_nobody_could_use_is_not_made(owner: ControlPlane) -> None:
    """A tester sends no builds; a key that signs off is one person's; a key has an end."""
    with pytest.raises(BadInput, match="does not send build_complete"):
        key_for(owner, "qa_tester", event_types=["build_complete"], approver_id=None)
    with pytest.raises(BadInput):
        key_for(owner, "qa_tester", approver_id=None)
    with pytest.raises(BadInput):
        key_for(owner, "sre", approver_id="ana")
    with pytest.raises(BadInput):
        key_for(owner, "sre", expires_at=datetime.now(UTC) - DAY)
    with pytest.raises(NotFound):
        owner.keys.revoke("0" * 12)


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_that_is_too_large_is_refused_and_logged(
    client: TestClient, world: World, owner: ControlPlane, release: Release, is_announced: bool
) -> None:
    """413; where its length was announced, it is not read."""
    assert release
    body = b" " * (MAX_BODY_BYTES + 1)
    response = post(client, key_for(owner, "sre"), body if is_announced else iter([body]))
    assert response.status_code == 413
    row = world.row("select * from ops.event_ingest_log")
    assert (row["http_status"], row["size_bytes"], row["envelope"]) == (413, MAX_BODY_BYTES + 1, None)


def test_an_event_that_the_log_may_have_forgotten_is_refused(
    client: TestClient, world: World, owner: ControlPlane, release: Release
) -> None:
    """Its repeat could not be told from it; in a young project nothing was forgotten."""
    assert release
    key = key_for(owner, "sre")
    old = (datetime.now(UTC) - 100 * DAY).isoformat()
    assert post(client, key, envelope("environment_event", occurred_at=old)).status_code == 200
    world.rows("update ops.projects set created_at = now() - interval '1 year'")
    response = post(client, key, envelope("environment_event", occurred_at=old))
    assert (response.status_code, response.json()["field"]) == (400, "occurred_at")
    now = datetime.now(UTC).isoformat()
    assert post(client, key, envelope("environment_event", occurred_at=now)).status_code == 200


def test_more_events_than_a_key_may_send_are_refused(
    tmp_path: Path, control: ControlPlane, owner: ControlPlane
) -> None:
    """429, with the seconds to wait."""
    settings = Settings(home=tmp_path, events_per_minute=2)
    with TestClient(create_app(settings, control)) as client:
        key = key_for(owner, "sre")
        answers = [post(client, key, envelope("environment_event")) for _ in range(6)]
    assert answers[0].status_code == 409
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0


def test_guessed_keys_do_not_slow_down_a_known_one() -> None:
    """All strangers share one bucket, which fills again with time."""
    now = count()
    rates = Rates(per_minute=1000, clock=lambda: 0.0)
    rates.know("mine", is_known=True)
    refused = [rates.wait(f"guess {next(now)}") for _ in range(2000)]
    assert any(refused)
    assert rates.wait("mine") == 0
    rates.know("mine", is_known=False)
    assert rates.wait("mine") > 0, STRANGERS


def test_openapi_names_every_field_and_answer(client: TestClient, world: World) -> None:
    """What is described is what the database reads."""
    fields = {row["field"]: row for row in world.rows("select * from ops_private.envelope_fields()")}
    assert set(fields) == set(FIELDS)
    for event_type, needed in NEEDED.items():
        always = {"idempotency_key", "source", "occurred_at", "project"}
        assert {name for name, row in fields.items() if event_type in row["needed_by"]} == {*needed, *always}
    document = client.get("/openapi.json").json()
    operation = document["paths"]["/v1/events"]["post"]
    assert set(operation["responses"]) == {"200", "400", "401", "403", "408", "409", "413", "422", "429", "503"}
    assert operation["security"] == [{"eventKey": []}]
    assert document["components"]["securitySchemes"]["eventKey"]["scheme"] == "bearer"


TEXTS = st.text(max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
SPOILT = st.builds(
    lambda event, values: {**envelope(event), **values},
    st.sampled_from(EVENTS),
    st.dictionaries(st.sampled_from(sorted(FIELDS)), ANYTHING, max_size=2),
)
# json.dumps writes half surrogate pairs, NUL, NaN and Infinity as senders do who do not look.
BODIES = st.binary(max_size=60) | (SPOILT | ANYTHING).map(lambda value: json.dumps(value).encode())


@rounds(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES, persona=st.sampled_from(sorted(TYPES)))
def test_whatever_is_sent_is_answered_with_a_documented_status(
    client: TestClient, owner: ControlPlane, release: Release, body: bytes, persona: str
) -> None:
    """Never a 5xx, and never an answer that OpenAPI does not name; every delivery leaves a row."""
    keys: dict[str, str] = owner.__dict__.setdefault("keys_of_test", {})
    if persona not in keys:
        keys[persona] = key_for(owner, persona)
    before = release.world.value("select count(*) from ops.event_ingest_log")
    response = post(client, keys[persona], body)
    documented = client.get("/openapi.json").json()["paths"]["/v1/events"]["post"]["responses"]
    assert str(response.status_code) in documented, response.text
    assert response.status_code < 500
    assert response.json()["message"]
    assert release.world.value("select count(*) from ops.event_ingest_log") == before + 1
