"""What a real Chromium keeps of one environment, and never shows to another one or to a program beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from odooops_dagster.doors.router.routes import route
from odooops_dagster.home import environment_socket
from odooops_dagster.settings import Settings
from tests.acceptance.browser import Browser, Seen
from tests.routers import routing
from tests.web_servers import QuietServer, UnixServer

PRODUCTION, PREVIEW = "main--shop", "feature-x--shop"
SHOW = "() => document.body.innerText"
# Ask for a page as the code of a preview's page would, with all cookies that the browser gives.
ASK = """async ([url]) => { try { await fetch(url, {mode: "no-cors", credentials: "include"}) } catch (error) { } }"""
SOCKET = """([url]) => new Promise((done) => { const socket = new WebSocket(url);
    socket.onopen = () => done("open"); socket.onerror = () => done("refused"); })"""


class Page(BaseHTTPRequestHandler):
    """Shows which cookies came, and sets one with its own name in every way that a server has."""

    protocol_version = "HTTP/1.1"
    seen: dict[str, list[str]]

    def do_GET(self) -> None:
        """Answer."""
        host, cookie = self.headers["Host"].partition(":")[0], self.headers.get("Cookie", "")
        self.seen.setdefault(host, []).append(cookie)
        if self.headers.get("Upgrade"):
            self.send_error(404)
            return
        body = f"<h1>cookies</h1><p>{cookie}</p>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        for attributes in ("HttpOnly", "SameSite=Strict", "Secure", "Domain=localhost", f"Domain={host}"):
            self.send_header("Set-Cookie", f"{attributes.replace('=', '-')}={host}; Path=/; {attributes}")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def seen() -> dict[str, list[str]]:
    """Return the cookies that came, by the host name."""
    return {}


@pytest.fixture
def router(tmp_path: Path, seen: dict[str, list[str]]) -> Iterator[int]:
    """Yield the port of a router in front of two environments."""
    settings = Settings(home=tmp_path)
    handler = type("Odoo", (Page,), {"seen": seen})
    servers = [UnixServer(environment_socket(tmp_path, label), handler) for label in (PRODUCTION, PREVIEW)]
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    with routing(lambda head, client: route(settings, head, client=client)) as port:
        yield port
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def other_program(seen: dict[str, list[str]]) -> Iterator[int]:
    """Yield the port of a program like the Dagster UI, which listens by itself."""
    handler = type("Program", (Page,), {"seen": seen})
    server = QuietServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def cookies_at(page: Seen, url: str) -> str:
    """Open the URL in the page's session, and return the cookies that its server got."""
    return str(page.open(url, until="body").run(SHOW))


def test_no_environment_gets_the_cookies_of_another(router: int, browser: Browser, seen: dict[str, list[str]]) -> None:
    """Neither by a link, nor by a page that asks for it; its own come back."""
    production, preview = (f"http://{label}.localhost:{router}/" for label in (PRODUCTION, PREVIEW))
    page = browser.see(production, until="h1")
    mine = cookies_at(page, production)
    assert f"HttpOnly={PRODUCTION}.localhost" in mine
    assert f"SameSite-Strict={PRODUCTION}.localhost" in mine
    assert PRODUCTION not in cookies_at(page, preview)
    theirs = page.open(preview, until="h1")
    assert PREVIEW in theirs.run(SHOW)
    seen.clear()
    theirs.run(ASK, production)
    [cookies] = seen[f"{PRODUCTION}.localhost"]
    # Each label below localhost is a site of its own, so that the cookies that say so do not come.
    assert "SameSite" not in cookies
    assert PREVIEW not in cookies


def test_no_environment_gets_the_cookies_of_a_program_beside_it(
    router: int, other_program: int, browser: Browser, seen: dict[str, list[str]]
) -> None:
    """A link with the program's name and the environments' port leads to a refusal; so does a websocket."""
    page = browser.see(f"http://dagster.localhost:{other_program}/", until="h1")
    assert "dagster.localhost" in cookies_at(page, f"http://dagster.localhost:{other_program}/")
    seen.clear()
    said = cookies_at(page, f"http://dagster.localhost:{router}/")
    assert "no environment answers for dagster.localhost" in said
    assert page.run(SOCKET, f"ws://dagster.localhost:{router}/websocket") == "refused"
    for label in (PRODUCTION, PREVIEW):
        assert "dagster" not in cookies_at(page, f"http://{label}.localhost:{router}/")
    assert not {host for host in seen if host.startswith("dagster")}
