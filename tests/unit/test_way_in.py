"""`ops doctor` finds a way to the router on which nobody tells who asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from odooops_dagster import home
from odooops_dagster.doors.cli.doctor import way_in
from odooops_dagster.doors.router.routes import route
from odooops_dagster.errors import Unavailable
from odooops_dagster.home import VISITORS_SECRET
from odooops_dagster.local.secrets import read_or_create_secret
from odooops_dagster.settings import Settings
from tests.routers import routing


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with a domain."""
    read_or_create_secret(tmp_path, VISITORS_SECRET)
    return Settings(home=tmp_path, environments_domain="preview.example.com")


@pytest.fixture
def port(settings: Settings) -> Iterator[int]:
    """Yield the port of a router."""
    with routing(lambda head, client: route(settings, head, client=client)) as found:
        yield found


def lead(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Let the domain lead to the port, as the DNS and something with TLS do elsewhere."""
    monkeypatch.setattr(home, "url_of_label", lambda _settings, _label: f"http://127.0.0.1:{port}/")


def test_a_forwarder_of_bytes_is_found(settings: Settings, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clients ask for names of this machine and are not asked for a password."""
    lead(monkeypatch, port)
    with pytest.raises(Unavailable, match="need no password"):
        way_in(settings)


def test_a_proxy_that_tells_who_asks_is_well(settings: Settings, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The router asks its clients for the password under every name."""

    class Proxy(BaseHTTPRequestHandler):
        """Passes the name on, and says for whom."""

        def do_GET(self) -> None:
            """Ask the router."""
            told = {"Host": self.headers["Host"], "X-Forwarded-For": "203.0.113.9"}
            found = httpx.get(f"http://127.0.0.1:{port}/", headers=told, trust_env=False)
            self.send_response(found.status_code)
            self.end_headers()
            self.wfile.write(found.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        lead(monkeypatch, proxy.server_port)
        assert "asked for the password" in way_in(settings)
        proxy.shutdown()


def test_a_platform_without_a_domain_has_nothing_to_ask(tmp_path: Path) -> None:
    """Names below localhost are this machine's."""
    assert way_in(Settings(home=tmp_path)) == "previews have no domain"
