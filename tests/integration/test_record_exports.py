"""The record is sent as it is read: its length costs no memory, and what breaks off does not look whole."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.caller import Caller, CallerDatabase
from odooops_dagster.control.database import Database
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.errors import Forbidden, Unavailable
from odooops_dagster.home import CALLERS, CONSOLE_HOST
from odooops_dagster.model.trail import read_seal
from tests.api import callers_url, member_key, settings
from tests.consoles import link_token
from tests.gateways import serving
from tests.servers import PostgresServer
from tests.sql.world import World

# More than the buffers of a connection hold: so many rows of so many characters.
LONG = 1_500
LARGE = 10_000
DOORS = pytest.mark.parametrize("path", ["/v1/audit/trail", "/projects/shop/record/trail.jsonl"])


@pytest.fixture
def auditor(
    world: World, owner: ControlPlane, control: ControlPlane, *, postgres_server: PostgresServer, tmp_path: Path
) -> Iterator[httpx.Client]:
    """Yield an auditor at a gateway, with a key and signed in at the console; the record is long."""
    world.rows(
        "insert into ops.incidents (project_id, title, description, opened_by)"
        " select %s, n::text, repeat('x', %s), 'somebody' from generate_series(1, %s) as n",
        world.project("shop"),
        LARGE,
        LONG,
    )
    key = member_key(owner, None, "read", "audit", persona="audit_reader")  # type: ignore[arg-type]
    with serving(create_app(settings(world.url, postgres_server, tmp_path), control)) as address:
        host = f"{CONSOLE_HOST}:{address.rpartition(':')[2]}"
        headers = {"Host": host, "Origin": f"http://{host}", "Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=120) as client:
            answer = client.post("/login", data={"token": link_token(owner, "rea", "audit_reader")})
            client.headers["Cookie"] = f"odooops-console={answer.cookies['odooops-console']}"
            yield client


@pytest.fixture
def callers(database: str, postgres_server: PostgresServer) -> Iterator[Database]:
    """Yield the connections that callers share."""
    login = Database(callers_url(database, postgres_server), max_connections=4)
    yield login
    login.close()


def audit(callers: Database, role: str = "audit_reader") -> CallerDatabase:
    """Return what somebody in a role reads."""
    return CallerDatabase(callers, Caller.of({"role": role, "sub": "rea"}), is_read_only=True)


@DOORS
def test_an_export_costs_less_memory_than_its_length(auditor: httpx.Client, path: str) -> None:
    """Neither the rows nor the answer are ever whole in the gateway; both are here, where it is a thread."""
    tracemalloc.start()
    try:
        with auditor.stream("GET", path) as response:
            size = sum(len(block) for block in response.iter_raw())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert response.status_code == 200
    assert size > LONG * LARGE
    assert peak < size / 2


@DOORS
def test_an_export_is_whole(auditor: httpx.Client, path: str) -> None:
    """All of it comes, with how many more requests there may be; the seal is the last line."""
    response = auditor.get(path)
    if path.startswith("/v1"):
        assert "RateLimit" in response.headers
        assert response.headers["content-type"] == "application/json"
        titles = [each["entry"]["title"] for each in response.json() if each["kind"] == "incident"]
        assert len(set(titles)) == LONG
    else:
        found = read_seal(response.text.splitlines())
        assert found.is_intact
        assert found.entries >= LONG


@DOORS
def test_an_export_that_breaks_off_does_not_look_whole(auditor: httpx.Client, world: World, path: str) -> None:
    """The database goes away between two rows: the client is told, and neither a seal nor a bracket has come."""
    text = ""
    with auditor.stream("GET", path) as response:
        blocks = response.iter_text()
        text += next(blocks)
        world.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", CALLERS)
        with pytest.raises(httpx.RemoteProtocolError):
            text += "".join(blocks)
    assert text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert not read_seal(text.splitlines()).is_intact


def test_a_reader_keeps_no_transaction_open_and_leaves_nothing_behind(callers: Database, world: World) -> None:
    """One that takes long holds up nobody's work; one that goes away gives its connection back as it was."""
    world.project("shop")
    for title in ("first", "second"):
        world.rows("select ops.open_incident(%s, %s)", world.project(title), title)
    reading = audit(callers).stream("audit_trail")
    next(reading)
    states = "select distinct state from pg_stat_activity where usename = %s"
    assert world.rows(states, CALLERS) == [{"state": "idle"}]
    del reading
    with callers._connection() as connection:  # noqa: SLF001 - what the next caller gets
        assert connection.execute("select name from pg_cursors where is_holdable").fetchall() == []
        assert connection.execute("select current_user::text as who").fetchone() == {"who": CALLERS}


def test_a_caller_without_the_right_is_refused_by_the_call(callers: Database) -> None:
    """An answer that has begun could say so no longer."""
    with pytest.raises(Forbidden):
        audit(callers, "developer").stream("audit_trail")


def test_exports_leave_connections_to_others(callers: Database, world: World) -> None:
    """As many as come at once are refused beyond a few; one that has ended makes room."""
    world.rows("select ops.open_incident(%s, 'down')", world.project("shop"))
    readers = [audit(callers).stream("audit_trail") for _ in range(3)]
    with pytest.raises(Unavailable, match="Other exports are under way"):
        audit(callers).stream("audit_trail")
    assert audit(callers).call("audit_trail")
    assert all(list(reader) for reader in readers)
    assert list(audit(callers).stream("audit_trail"))
