"""The login in front of the Dagster UI, asked as browsers, other pages and programs ask."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from odooops_dagster.doors.ui.guard import COOKIE, PROXY_HEADER, Guard
from odooops_dagster.local.logins import PERSON_HEADER, Logins

UI = "http://dagster.localhost:3000"
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
OWN = {"Origin": UI, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
CROSS = {"Sec-Fetch-Site": "cross-site"}
QUESTION = {"query": "mutation { launch }"}


class Behind:
    """Stands for Dagster: tells whom it was asked by, and counts."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the person's name."""
        names = [value.decode() for name, value in scope["headers"] if name.decode().lower() == PERSON_HEADER.lower()]
        self.asked.append(names)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await PlainTextResponse(" ".join(names))(scope, receive, send)


class Asker:
    """A guard with something behind it, and ways to ask."""

    def __init__(self, home: Path) -> None:
        self.behind = Behind()
        self.logins = Logins(home)
        self.guard = Guard(self.behind, logins=self.logins, hosts=("Dagster.Example.COM",))

    def ask(self, method: str, path: str, *, session: bool = True, base: str = UI, **request: Any) -> httpx.Response:  # noqa: ANN401 -- httpx's own
        """Send one request."""
        headers = dict(request.pop("headers", {}))
        if session:
            headers["Cookie"] = f"{COOKIE}={self.logins.session('ada')}"

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.guard)
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                return await client.request(method, path, headers=headers, **request)

        return asyncio.run(send())

    def websocket(self, headers: dict[str, str]) -> str:
        """Open a websocket and return the kind of the answer."""
        sent: list[Message] = []
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope: Scope = {
            "type": "websocket",
            "path": "/graphql",
            "query_string": b"",
            "headers": raw,
            "scheme": "ws",
        }

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        asyncio.run(self.guard(scope, receive, send))
        return str(sent[0]["type"])


@pytest.fixture
def asker(tmp_path: Path) -> Asker:
    """Return a guard to ask."""
    return Asker(tmp_path)


def test_a_person_comes_in_by_a_link_and_stays(asker: Asker) -> None:
    """The cookie is out of reach of scripts and of other sites' pages."""
    answer = asker.ask("GET", "/login", session=False, params={"token": asker.logins.link_token("ada")}, headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    session = cookie.partition(";")[0]
    assert asker.ask("GET", "/runs", session=False, headers=PAGE | {"Cookie": session}).text == "ada"


def test_a_used_link_says_what_to_do(asker: Asker) -> None:
    """A person sees a page, a program a line of JSON."""
    token = {"token": asker.logins.link_token("ada")}
    asker.ask("GET", "/login", session=False, params=token)
    page = asker.ask("GET", "/login", session=False, params=token, headers=PAGE)
    assert (page.status_code, page.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "<code>ops ui</code>" in page.text
    assert "ops ui" in asker.ask("GET", "/login", session=False, params=token).json()["hint"]


@pytest.mark.parametrize(
    ("method", "path", "request_"),
    [
        ("GET", "/", {}),
        ("GET", "/server_info", {}),
        ("GET", "/graphql?query=mutation", {}),
        ("POST", "/graphql", {"json": QUESTION}),
        ("GET", "/", {"headers": {"Cookie": f"{COOKIE}=ImFkYSI.aaaaaa.bbbb"}}),
        ("GET", "/", {"headers": {"Cookie": f"{COOKIE}=; =;;;"}}),
        ("GET", "/", {"headers": {PERSON_HEADER: "ada"}}),
        ("GET", "/", {"headers": {PERSON_HEADER: "ada", PROXY_HEADER: "guessed"}}),
    ],
)
def test_nobody_gets_in_without_a_session(asker: Asker, method: str, path: str, request_: dict[str, Any]) -> None:
    """A name alone is a claim."""
    assert asker.ask(method, path, session=False, **request_).status_code == 401
    assert asker.behind.asked == []


@pytest.mark.parametrize(
    ("method", "path", "status", "request_"),
    [
        # An image, a script, a form and a frame of another site's page.
        ("GET", "/graphql?query=mutation", 403, {"headers": CROSS | {"Sec-Fetch-Mode": "no-cors"}}),
        ("GET", "/graphql?query=mutation", 405, {}),
        ("GET", "/runs", 403, {"headers": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "iframe"}}),
        ("POST", "/graphql", 403, {"json": QUESTION, "headers": {"Origin": "http://evil.example"}}),
        ("POST", "/graphql", 403, {"json": QUESTION, "headers": {"Origin": "null"}}),
        ("POST", "/graphql", 403, {"json": QUESTION, "headers": {"Origin": "http://127.0.0.1:3000"}}),
        # A page that another program serves under the UI's name, on another port.
        ("POST", "/graphql", 403, {"json": QUESTION, "headers": {"Origin": "http://dagster.localhost:20001"}}),
        ("POST", "/graphql", 403, {"json": QUESTION, "headers": {"Origin": "http://dagster.localhost"}}),
        ("POST", "/graphql", 403, {"json": QUESTION, "headers": {"Origin": "http://dagster.localhost:99999"}}),
        ("POST", "/graphql", 403, {"json": QUESTION, "headers": CROSS | {"Sec-Fetch-Mode": "navigate"}}),
        ("POST", "/graphql", 415, {"content": '{"query": "x"}', "headers": {"Content-Type": "text/plain"}}),
        ("POST", "/graphql", 415, {"data": QUESTION}),
        ("POST", "/graphql?query=mutation", 415, {"content": ""}),
        ("POST", "/graphql/", 415, {"content": "x", "headers": {"Content-Type": "text/plain"}}),
    ],
)  # fmt: skip
def test_a_session_does_not_serve_the_pages_of_others(
    asker: Asker, method: str, path: str, status: int, request_: dict[str, Any]
) -> None:
    """Also where a browser sends the cookie with what another page asks."""
    assert asker.ask(method, path, **request_).status_code == status
    assert asker.behind.asked == []


@pytest.mark.parametrize(
    "base", ["http://evil.example:3000", "http://dagster.localhost.evil.example", "http://10.0.0.7:3000"]
)
def test_another_name_for_this_machine_is_refused(asker: Asker, base: str) -> None:
    """A page can give its own name the address of this machine (DNS rebinding)."""
    assert asker.ask("GET", "/", base=base, headers=PAGE).status_code == 421
    assert asker.behind.asked == []


@pytest.mark.parametrize("base", ["http://127.0.0.1:3000", "http://localhost:3000", "http://[::1]:3000"])
def test_a_person_who_types_the_machines_own_name_is_led_on(asker: Asker, base: str) -> None:
    """Previews answer under those names: the session's cookie must not go there."""
    answer = asker.ask("GET", "/runs?a=b", base=base, session=False, headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (307, f"{UI}/runs?a=b")
    assert asker.ask("POST", "/graphql", base=base, json=QUESTION).status_code == 421


def test_the_uis_own_pages_ask_and_name_the_person(asker: Asker) -> None:
    """Whoever they say they are, Dagster hears whose session it is."""
    claim = OWN | {PERSON_HEADER: "root", "x-forwarded-user": "root"}
    assert asker.ask("POST", "/graphql?op=Launch", json=QUESTION, headers=claim).text == "ada"


def test_a_proxy_names_people_with_its_secret(asker: Asker) -> None:
    """Under the name that the settings give; the secret goes no further."""
    headers = {PERSON_HEADER: "grace@example.com", PROXY_HEADER: asker.logins.proxy_secret()}
    answer = asker.ask("GET", "/", session=False, base="https://dagster.example.com", headers=headers)
    assert answer.text == "grace@example.com"
    del headers[PERSON_HEADER]
    assert asker.ask("GET", "/", session=False, base="https://dagster.example.com", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({}, "websocket.accept"),
        ({"Origin": UI}, "websocket.accept"),
        ({"Origin": "http://evil.example"}, "websocket.close"),
        ({"Origin": "http://dagster.localhost:20001"}, "websocket.close"),
        ({"Host": "127.0.0.1:3000"}, "websocket.close"),
        ({"Cookie": ""}, "websocket.close"),
    ],
)
def test_a_websocket_needs_the_session_and_an_own_page(asker: Asker, headers: dict[str, str], answer: str) -> None:
    """Browsers let every page open one to anywhere, with the cookie."""
    own = {"Host": "dagster.localhost:3000", "Cookie": f"{COOKIE}={asker.logins.session('ada')}"}
    assert asker.websocket(own | headers) == answer


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("dagster.example.com", "https://dagster.example.com"),
        ("dagster.example.com:443", "https://dagster.example.com"),
        ("Dagster.example.com:8443", "https://dagster.example.com:8443"),
    ],
)
def test_a_page_behind_a_proxy_is_the_uis_own(asker: Asker, host: str, origin: str) -> None:
    """The proxy speaks TLS, and a port that is the default may be left out."""
    own = {"Host": host, "Cookie": f"{COOKIE}={asker.logins.session('ada')}", "Origin": origin}
    assert asker.websocket(own) == "websocket.accept"


def test_whether_it_lives_is_told_to_all(asker: Asker) -> None:
    """The stack's own probe has no session and no name."""
    assert asker.ask("GET", "/healthz", session=False, base="http://127.0.0.1:3000").text == "ok"
