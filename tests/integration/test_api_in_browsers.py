"""What pages of other origins get of the API: leave to call it, logs as they grow, files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.sse import ServerSentEvent
from fastapi.testclient import TestClient
from pydantic import ValidationError

from odooops_dagster.doors.http.api import logs
from odooops_dagster.settings import Settings
from odooops_dagster.tools.store.addressed import put_addressed
from tests.api import Bearer, opened, token
from tests.servers import PostgresServer
from tests.sql.world import World
from tests.suites.processes import eventually

PAGE = "https://console.example.com"
ASKING = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization,idempotency-key"}


@pytest.fixture
def client(database: str, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[TestClient]:
    """The API over the test's database, open to the pages of one origin."""
    with opened(database, postgres_server, tmp_path, api_origins=f"{PAGE} http://localhost:3000") as client:
        yield client


@pytest.fixture
def project(world: World) -> UUID:
    """Project shop."""
    return world.project("shop")


@pytest.fixture
def member(client: TestClient, world: World, project: UUID) -> Bearer:
    """A developer of it."""
    return Bearer(client=client, credential=token("authenticated", sub=world.member(project, "developer")))


def test_only_listed_origins_may_call_and_none_with_cookies(client: TestClient, member: Bearer) -> None:
    """Refusals are readable too; another origin, of another port or a longer name, gets no header at all."""
    asked = client.options("/v1/runs", headers={"Origin": PAGE} | ASKING)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, PAGE)
    answers = [member.ask("GET", path, headers={"Origin": PAGE}) for path in ("/v1/me", "/v1/runs?limit=0")]
    assert [(each.status_code, each.headers["access-control-allow-origin"]) for each in answers] == [
        (200, PAGE),
        (422, PAGE),
    ]
    assert "RateLimit" in answers[0].headers["access-control-expose-headers"]
    assert all("access-control-allow-credentials" not in each.headers for each in (asked, *answers))
    for origin in ("https://console.example.com.evil.example", f"{PAGE}:8443", "http://console.example.com", "null"):
        assert client.options("/v1/runs", headers={"Origin": origin} | ASKING).status_code == 400
        answer = member.ask("GET", "/v1/me", headers={"Origin": origin})
        assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (200, False)


@pytest.mark.parametrize("path", ["/v1/events", "/login", "/healthz", "/openapi.json", "/webhooks/github"])
def test_nothing_but_the_api_is_open_to_other_origins(client: TestClient, path: str) -> None:
    """Neither the console, which knows people by a cookie, nor what takes deliveries."""
    for answer in (client.get(path, headers={"Origin": PAGE}), client.options(path, headers={"Origin": PAGE} | ASKING)):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_without_the_setting_no_page_may_call(database: str, postgres_server: PostgresServer, tmp_path: Path) -> None:
    """As before."""
    with opened(database, postgres_server, tmp_path) as closed:
        answer = closed.options("/v1/runs", headers={"Origin": PAGE} | ASKING)
        assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (405, False)


@pytest.mark.parametrize(
    "origins",
    ["*", "null", "https://*.example.com", f"{PAGE}/", f"{PAGE}:443", "http://console.example.com",
     "console.example.com", "https://Console.example.com", "http://localhost.example.com", f"{PAGE},https://b.example"],
)  # fmt: skip
def test_an_origin_is_exact(origins: str) -> None:
    """A pattern, a path, a default port or plain http of another machine is refused when the gateway starts."""
    with pytest.raises(ValidationError, match="is no origin"):
        Settings(api_origins=origins)


def test_a_log_is_read_in_windows(member: Bearer, world: World, project: UUID) -> None:
    """The newest lines, those before one, those of a level, and those with a text."""
    run = world.work(project)
    for number in range(5):
        world.rows("select ops.append_run_log(%s, %s, %s)", run, "error" if number == 3 else "info", f"line {number}")

    def window(**asked: object) -> list[str]:
        found = member.get(f"/v1/runs/{run}/logs/window", params=asked)
        return [line["message"] for line in found]

    newest = member.get(f"/v1/runs/{run}/logs/window", params={"limit": 2})
    assert [line["message"] for line in newest] == ["line 3", "line 4"]
    assert window(before_id=newest[0]["id"], limit=2) == ["line 1", "line 2"]
    assert window(after_id=newest[0]["id"]) == ["line 4"]
    assert window(level="error") == ["line 3"]

    found = member.get(f"/v1/runs/{run}/logs/search", params={"text": "LINE", "limit": 4})
    assert [line["message"] for line in found["lines"]] == ["line 1", "line 2", "line 3", "line 4"]
    assert found["next_before_id"] == found["lines"][0]["id"]
    above = {"text": "LINE", "limit": 4, "before_id": found["next_before_id"]}
    rest = member.get(f"/v1/runs/{run}/logs/search", params=above)
    assert ([line["message"] for line in rest["lines"]], rest["next_before_id"]) == (["line 0"], None)
    none = member.get(f"/v1/runs/{run}/logs/search", params={"text": "line 1", "level": "error"})
    assert none == {"lines": [], "next_before_id": None}


def streamed(member: Bearer, run: UUID, *, after_id: int = 0) -> list[tuple[str, str]]:
    """Return the events of one stream to its end."""
    answer = member.ask("GET", f"/v1/runs/{run}/logs/stream", params={"after_id": after_id})
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    found = [
        dict(line.split(": ", 1) for line in each.splitlines() if ": " in line) for each in answer.text.split("\n\n")
    ]
    return [(each["event"], each.get("data", "")) for each in found if "event" in each]


def messages(events: list[tuple[str, str]]) -> list[str]:
    """Return the lines of the events."""
    return [line["message"] for event, data in events if event == "lines" for line in json.loads(data)]


def test_a_stream_brings_each_line_once_and_ends_with_the_run(
    member: Bearer, world: World, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of before, lines written meanwhile, the new state, then the end; who comes again gets the rest."""
    run = world.work(project)
    say = "select ops.append_run_log(%s, 'info', %s)"
    world.rows(say, run, "before\n<b>&amp;")

    sent: list[object] = []
    tell = logs._event  # noqa: SLF001 - what is sent is seen here

    def noted(found: list[dict[str, Any]] | str) -> ServerSentEvent:
        sent.append(found)
        return tell(found)

    def finish() -> None:
        eventually(lambda: len(sent) > 1, what="the lines of before and the state are sent")
        world.rows(say, run, "meanwhile")
        world.complete(run)

    monkeypatch.setattr(logs, "_event", noted)
    finishing = threading.Thread(target=finish)
    finishing.start()
    events = streamed(member, run)
    finishing.join()
    assert messages(events) == ["before\n<b>&amp;", "meanwhile"]
    assert [data for event, data in events if event == "state"] == ["running", "succeeded"]
    assert events[-1] == ("end", "")
    first = json.loads(events[0][1])[0]["id"]
    assert messages(streamed(member, run, after_id=first)) == ["meanwhile"]


def test_a_stream_lasts_no_longer_than_its_caller_is_believed(
    member: Bearer, world: World, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends without `end` after its time, so that a key that was revoked has to come again, and is refused."""
    monkeypatch.setattr(logs, "_STREAM_SECONDS", 0.3)
    events = streamed(member, world.work(project))
    assert events == [("state", "running")]


def test_a_stranger_follows_nothing(client: TestClient, world: World, project: UUID) -> None:
    """The refusal is an answer of its own, not a stream without lines."""
    run = world.work(project)
    stranger = Bearer(client=client, credential=token("authenticated", sub=uuid4()))
    for path in ("logs/stream", "logs/window", "artifacts/odoo.log", "steps"):
        answer = stranger.ask("GET", f"/v1/runs/{run}/{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path


def test_a_file_of_a_run_is_handed_out_as_text(client: TestClient, member: Bearer, world: World, project: UUID) -> None:
    """Whatever it contains: no browser executes it."""
    run = world.work(project)
    app: Any = client.app
    content = b"<script>alert(1)</script>\n"
    kept = put_addressed(app.state.platform.store, content, content_type="text/plain")
    world.rows("select ops.add_run_artifact(%s, 'odoo.log', %s, %s)", run, kept.url, kept.sha256)
    answer = member.ask("GET", f"/v1/runs/{run}/artifacts/odoo.log")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert (answer.headers["x-content-type-options"], "sandbox" in answer.headers["content-security-policy"]) == (
        "nosniff",
        True,
    )
    assert member.ask("GET", f"/v1/runs/{run}/artifacts/none").status_code == 404
