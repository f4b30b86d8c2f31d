"""Edge functions under Deno against a real control plane: the gateway's cases, and a runner with its delegates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.doors.http.events import MAX_BODY_BYTES
from odooops_dagster.settings import Settings
from tests.edge_functions import FUNCTIONS, NAMES, deno, fetched, imports, serving
from tests.event_cases import TYPES, Case, cases, key_for
from tests.platform_logins import by_job
from tests.servers import PostgresServer, as_user
from tests.sql.events import envelope
from tests.sql.releases import make_release
from tests.sql.world import World

# What differs from one database to the next.
CHANGING = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def test_functions_are_typed_linted_and_formatted() -> None:
    """And import nothing that deno.lock does not pin."""
    fetched()
    for arguments in (("check", *(f"{name}/index.ts" for name in NAMES)), ("lint",), ("fmt", "--check")):
        done = deno(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    assert [given for given in imports().values() if not re.fullmatch(r"npm:@?[\w./-]+@\d+\.\d+\.\d+", given)] == []
    assert {path.parent.name for path in FUNCTIONS.glob("*/index.ts")} == set(NAMES)


class Place:
    """A database with release 1.0 of project shop, seen by its owner, with a key of each persona."""

    def __init__(self, url: str, server: PostgresServer) -> None:
        self.world = World(url, as_user(url, "ops_worker", server))
        self.release = make_release(self.world, self.world.project(), "1.0")
        self.gateway_url = as_user(url, "ops_gateway", server)

    def key(self, url: str, sender: str) -> str:
        """Make a key of the sender, or of a pipeline where nobody of that name has one."""
        with ControlPlane(url, max_connections=1) as owner:
            return key_for(owner, sender if sender in TYPES else "ci_service_role")


def answers(client: httpx2.Client | TestClient, path: str, key: str, case: Case) -> list[tuple[int, str]]:
    """Tell the case, and return status and body of each answer, without what differs between databases."""
    told = [case.first, case.body] if "told" in case.before else [case.body]
    found = []
    for body in told:
        response = client.post(path, content=body, headers={"Authorization": f"Bearer {key}"})
        found.append((response.status_code, fields(response.json())))
    return found


def fields(answer: dict[str, Any]) -> str:
    """Return the fields as they came, and of the ids their names: they differ from one database to the next."""
    shown = answer | {"ids": list(answer.get("ids", {}))}
    return CHANGING.sub("ID", json.dumps(shown, ensure_ascii=False))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_an_event_is_answered_as_the_gateway_answers_it(
    database: str, postgres_server: PostgresServer, tmp_path: Path, case: Case
) -> None:
    """Byte for byte of each field, and as the table says, for every case; each delivery leaves its row."""
    place = Place(database, postgres_server)
    case.prepare(place.release)
    with serving("ops-event-ingest", OPS_GATEWAY_DB_URL=place.gateway_url) as client:
        mine = answers(client, "/ops-event-ingest", place.key(database, case.sender), case)
    status, body = mine[-1]
    case.check(place.release, status, json.loads(body))
    place.world.close()
    with postgres_server.fresh_database() as url, by_job(url, postgres_server) as control:
        other = Place(url, postgres_server)
        case.prepare(other.release)
        with TestClient(create_app(Settings(home=tmp_path), control)) as client:
            theirs = answers(client, "/v1/events", other.key(url, case.sender), case)
        other.world.close()
    assert mine == theirs


@pytest.fixture
def place(database: str, postgres_server: PostgresServer) -> Iterator[Place]:
    """The test's own database."""
    place = Place(database, postgres_server)
    yield place
    place.world.close()


def test_without_a_key_in_force_nothing_is_taken(place: Place, database: str, tmp_path: Path) -> None:
    """The words are the gateway's, and so is the header."""
    assert place.key(database, "sre")
    unknown = f"opsk_{'0' * 12}_{'0' * 64}"
    with (
        ControlPlane(place.gateway_url) as control,
        TestClient(create_app(Settings(home=tmp_path), control)) as gateway,
        serving("ops-event-ingest", OPS_GATEWAY_DB_URL=place.gateway_url) as edge,
    ):
        for headers in ({}, {"Authorization": "Basic x"}, {"Authorization": f"Bearer {unknown}"}):
            mine, theirs = (
                client.post(path, json=envelope("environment_event"), headers=headers)
                for client, path in ((edge, "/"), (gateway, "/v1/events"))
            )
            assert (mine.status_code, mine.json()) == (theirs.status_code, theirs.json()) == (401, theirs.json())
            assert mine.headers["www-authenticate"] == "Bearer"
    assert place.world.rows("select from ops.event_ingest_log") == []


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_body_that_is_too_large_is_refused_and_logged(place: Place, database: str, is_announced: bool) -> None:
    """413; where its length was announced, it is not read."""
    body = b" " * (MAX_BODY_BYTES + 1)
    with serving("ops-event-ingest", OPS_GATEWAY_DB_URL=place.gateway_url) as client:
        response = client.post(
            "/",
            content=body if is_announced else iter([body]),
            headers={"Authorization": f"Bearer {place.key(database, 'sre')}"},
        )
    assert response.status_code == 413
    row = place.world.row("select http_status, size_bytes, envelope from ops.event_ingest_log")
    assert row == {"http_status": 413, "size_bytes": MAX_BODY_BYTES + 1, "envelope": None}


def test_a_database_that_does_not_answer_is_a_503_that_tells_nothing_of_it() -> None:
    """The sender sends the event again."""
    url = "postgresql://ops_gateway:secret@127.0.0.1:1/postgres"
    with serving("ops-event-ingest", OPS_GATEWAY_DB_URL=url) as client:
        response = client.post("/", json={}, headers={"Authorization": f"Bearer opsk_{'0' * 12}_{'0' * 64}"})
    assert (response.status_code, "secret" in response.text) == (503, False)
