"""Previews are closed to the internet: the router asks visitors for a password, and no environment learns it."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.doors.router.routes import route, route_former_port
from odooops_dagster.home import VISITORS_SECRET, environment_socket, visitors_secret_file
from odooops_dagster.local.secrets import read_or_create_secret
from odooops_dagster.settings import Settings
from odooops_dagster.tools.front import notices, openings
from tests.routers import routing
from tests.unit.test_router import LABEL, OTHER, Odoo
from tests.web_servers import UnixServer

PUBLIC, PRODUCTION = f"{LABEL}.preview.example.com", f"{OTHER}.preview.example.com"
LOCAL = f"{LABEL}.localhost"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings as an operator has them who says nothing of a login."""
    return Settings(home=tmp_path, environments_domain="preview.example.com")


@pytest.fixture
def password(settings: Settings) -> str:
    """Return the password that set-up made."""
    return read_or_create_secret(settings.home, VISITORS_SECRET)


@pytest.fixture
def port(settings: Settings) -> Iterator[int]:
    """Yield the port of a router before a preview and production."""
    servers = [UnixServer(environment_socket(settings.home, label), Odoo) for label in (LABEL, OTHER)]
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    with routing(lambda head, client: route(settings, head, client=client)) as found:
        yield found
    for server in servers:
        server.shutdown()
        server.server_close()


def ask(port: int, host: str, *, path: str = "/web", **fields: str) -> tuple[int, dict[str, str], bytes]:
    """Ask as a proxy does, and return status, header and body."""
    told = {"Host": host, **{name.replace("_", "-"): value for name, value in fields.items()}}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=told)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def basic(password: str, name: str = "visitor") -> str:
    """Return what a browser sends."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_a_preview_asks_who_comes_from_elsewhere_and_wakes_for_nobody_before(
    settings: Settings, port: int, password: str
) -> None:
    """A wrong word, another scheme and nonsense are refused; a name that nobody has looks the same."""
    for fields in (
        {},
        {"Authorization": basic("wrong")},
        {"Authorization": basic("")},
        {"Authorization": f"Bearer {password}"},
        {"Authorization": "Basic ####"},
        {"X_OdooOps_Visitor": "wrong"},
        {"Cookie": "__Host-odooops-visitor=99999999999.abc"},
        {"Cookie": f"__Host-odooops-visitor={'9' * 5000}.{password}"},
    ):
        status, header, body = ask(port, PUBLIC, **fields)
        assert (status, header["WWW-Authenticate"]) == (401, 'Basic realm="preview", charset="UTF-8"')
        assert password.encode() not in body
    assert ask(port, "nobody--shop.preview.example.com")[0] == 401
    notices.post(settings.home, LABEL, notices.Notice(state="asleep", environment="shop/a", since=0))
    assert ask(port, PUBLIC)[0] == 401


def test_a_name_of_this_machine_opens_nothing_to_who_comes_through_a_proxy(port: int, password: str) -> None:
    """A proxy that leads every name here passes on one that a client made up."""
    assert ask(port, LOCAL)[0] == 200
    assert password
    for name in ("X_Forwarded_For", "X_Forwarded_Host", "X_Forwarded_Proto", "Forwarded", "Via", "X_Real_IP"):
        assert ask(port, LOCAL, **{name: "203.0.113.9"})[0] == 401


def test_a_former_port_is_no_way_around(settings: Settings, port: int, password: str) -> None:
    """A proxy that was told of it gets the same question."""
    with routing(lambda head, _client: route_former_port(settings, head, LABEL)) as former:
        assert ask(former, "shop.example.com", X_Forwarded_For="203.0.113.9")[0] == 401
        shown = {"X_Forwarded_For": "203.0.113.9", "Authorization": basic(password)}
        assert ask(former, "shop.example.com", **shown)[0] == 200
    assert ask(port, PUBLIC)[0] == 401


def test_a_browser_logs_in_once_and_the_environment_never_sees_how(port: int, password: str) -> None:
    """The cookie is one environment's; a key of Odoo's own goes on, ours does not."""
    page = {"Accept": "text/html", "Authorization": basic(password), "X_Forwarded_Proto": "https"}
    status, header, _ = ask(port, PUBLIC, path="/odoo?debug=1", **page)
    assert (status, header["Location"]) == (303, "/odoo?debug=1")
    cookie, *attributes = header["Set-Cookie"].split("; ")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    status, _, body = ask(port, PUBLIC, Cookie=f"session_id=a; {cookie}; lang=de", Authorization="Bearer odoo-key")
    seen = json.loads(body)["fields"]
    assert (status, seen["cookie"], seen["authorization"]) == (200, ["session_id=a; lang=de"], ["Bearer odoo-key"])
    assert ask(port, "main--shop.preview.example.com", Cookie=cookie)[0] == 401
    for fields in ({"Authorization": basic(password)}, {"X_OdooOps_Visitor": password}):
        status, _, body = ask(port, PUBLIC, **fields)
        assert status == 200
        assert password.encode() not in body
        assert not {"authorization", "x-odooops-visitor"} & set(json.loads(body)["fields"])


@pytest.mark.parametrize("path", ["//evil.example/login", "/\\evil.example/login", "/\\/evil.example/login"])
def test_a_browser_is_led_nowhere_else(port: int, password: str, path: str) -> None:
    """A link to a preview that leads a person who just logged in to somebody else's page."""
    page = {"Accept": "text/html", "Authorization": basic(password), "X_Forwarded_Proto": "https"}
    status, header, _ = ask(port, PUBLIC, path=path, **page)
    assert (status, header["Location"]) == (303, "/evil.example/login")


def test_a_browser_without_tls_is_not_led_in_a_circle(port: int, password: str) -> None:
    """It drops a `Secure` cookie, and sends the password with each request."""
    page = {"Accept": "text/html", "Authorization": basic(password)}
    for told in ({"X_Forwarded_Proto": "http"}, {"X_Forwarded_For": "203.0.113.9"}):
        status, header, _ = ask(port, PUBLIC, **page, **told)
        assert status == 200
        assert "Set-Cookie" not in header


def test_production_is_open_by_the_platforms_word_alone(settings: Settings, port: int, password: str) -> None:
    """What it does not say, or says in a damaged file, is closed."""
    assert ask(port, PRODUCTION)[0] == 401
    openings.tell(settings.home, [OTHER])
    assert (ask(port, PRODUCTION)[0], ask(port, PUBLIC)[0]) == (200, 401)
    assert ask(port, PRODUCTION, Authorization="Bearer odoo-key")[0] == 200
    openings.tell(settings.home, [])
    assert ask(port, PRODUCTION)[0] == 401
    environment_socket(settings.home, OTHER).with_name("open.json").write_text("{")
    assert ask(port, PRODUCTION)[0] == 401
    assert ask(port, PRODUCTION, X_OdooOps_Visitor=password)[0] == 200


def test_a_new_password_ends_every_visit(settings: Settings, port: int, password: str) -> None:
    """Without one nobody gets in."""
    page = {"Accept": "text/html", "Authorization": basic(password), "X_Forwarded_Proto": "https"}
    cookie = ask(port, PUBLIC, **page)[1]["Set-Cookie"].split(";")[0]
    assert ask(port, PUBLIC, Cookie=cookie)[0] == 200
    visitors_secret_file(settings.home).unlink()
    assert ask(port, PUBLIC, Cookie=cookie)[0] == 503
    read_or_create_secret(settings.home, VISITORS_SECRET)
    assert ask(port, PUBLIC, Cookie=cookie)[0] == 401
