"""The check `healthy`, asked of a real HTTP server that behaves as an Odoo does, or does not."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest

from odooops_dagster.checks import healthy
from odooops_dagster.checks.healthy import ModuleStates, judge_modules, wait_healthy
from odooops_dagster.errors import Unavailable
from odooops_dagster.model import CheckResult
from odooops_dagster.tools.runtime.ports import free_port
from tests.web_servers import QuietServer

LOGIN_PAGE = (
    '<html><body><form class="oe_login_form" action="/web/login" method="post">'
    '<input type="hidden" name="csrf_token"/><input name="login"/><input name="password" type="password"/>'
    "</form></body></html>"
)
INSTALLED = {"base": "installed", "web": "installed", "sale": "uninstalled"}

Answer = tuple[int, dict[str, str], str]


class FakeOdoo:
    """Answers as told; `answers` may be changed while it runs."""

    def __init__(self, port: int) -> None:
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], Answer]] = {
            "/web/health": lambda _request: (200, {}, '{"status": "pass"}'),
            "/web/login": _login,
        }
        self.asked: list[str] = []
        self.port = port
        self._server = QuietServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        odoo = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                odoo.asked.append(path)
                missing: Answer = (404, {}, "")
                answer = odoo.answers.get(path)
                status, headers, body = missing if answer is None else answer(self)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Say nothing."""

        return Handler


def _login(request: BaseHTTPRequestHandler) -> Answer:
    """Do as an Odoo of one database does: serve it to all; a named one goes into the session first."""
    asked = parse_qs(urlsplit(request.path).query).get("db")
    if asked is None:
        return 200, {}, LOGIN_PAGE
    if asked == ["shop"]:
        return 302, {"Location": "/web/login", "Set-Cookie": "session_id=shop; Path=/"}, ""
    return 303, {"Location": "/web/database/selector"}, ""


def _states() -> dict[str, str]:
    return INSTALLED


@pytest.fixture
def port() -> int:
    """A port on which nothing listens yet."""
    return free_port()


@pytest.fixture
def url(port: int) -> str:
    """Where the server is, or will be."""
    return f"http://127.0.0.1:{port}/"


@pytest.fixture
def odoo(port: int) -> Iterator[FakeOdoo]:
    """A server that answers well."""
    server = FakeOdoo(port)
    yield server
    server.close()


def ask(url: str, *, database: str, module_states: ModuleStates) -> CheckResult:
    """Return what the check finds the first time that it asks, without the words on the time that it had."""
    result = wait_healthy(url, database=database, timeout_seconds=0, alive=lambda: True, module_states=module_states)
    found = re.fullmatch(r"no good answer within 0 s \((.*)\)", result.summary)
    return replace(result, summary=found[1]) if found else result


@pytest.mark.usefixtures("odoo")
def test_an_odoo_that_answers_for_its_database_is_healthy(url: str) -> None:
    """The redirect that puts the database into the session is followed."""
    result = ask(url, database="shop", module_states=_states)
    assert (result.name, result.passed, result.blocking) == ("healthy", True, True)
    assert result.summary == "answers for its database, 2 modules installed"
    assert result.metadata.items() >= {"/web/health": 200, "/web/login": 200, "modules_installed": 2}.items()


@pytest.mark.usefixtures("odoo")
def test_a_proxy_of_the_machine_is_passed_by(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is not the proxy's business."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert ask(url, database="shop", module_states=_states).passed


@pytest.mark.parametrize("host", ["sso.example.invalid", "127.0.0.1"])
def test_a_login_page_that_leads_to_single_sign_on_is_an_answer(odoo: FakeOdoo, url: str, host: str) -> None:
    """A module of the database sends people there; the check does not go with them, not even to another port."""
    other = FakeOdoo(free_port())
    other.answers["/authorize"] = lambda _request: (500, {}, "")
    port = other.port if host == "127.0.0.1" else 443
    odoo.answers["/web/login"] = lambda _request: (303, {"Location": f"http://{host}:{port}/authorize?client=shop"}, "")
    try:
        result = ask(url, database="shop", module_states=_states)
    finally:
        other.close()
    assert result.passed, result.summary
    assert result.metadata["single_sign_on"] == host
    assert other.asked == []


@pytest.mark.parametrize(
    ("path", "location", "summary"),
    [
        ("/web/health", "https://elsewhere.example.invalid/", "/web/health leads to elsewhere.example.invalid"),
        ("/web/login", "/web/login", "/web/login redirects without an end"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_no_answer(
    odoo: FakeOdoo, url: str, path: str, location: str, summary: str
) -> None:
    """Another host says nothing of this server, and a circle nothing at all."""
    odoo.answers[path] = lambda _request: (302, {"Location": location}, "")
    result = ask(url, database="shop", module_states=_states)
    assert (result.passed, result.summary) == (False, summary)


def test_a_server_whose_registry_failed_is_not_healthy(odoo: FakeOdoo, url: str) -> None:
    """/web/health touches no database, so it cannot tell."""
    odoo.answers["/web/login"] = lambda _request: (500, {}, "Internal Server Error")
    result = ask(url, database="shop", module_states=_states)
    assert not result.passed
    assert result.summary == "/web/login answers 500"
    assert result.metadata["/web/health"] == 200


@pytest.mark.usefixtures("odoo")
def test_a_server_that_serves_the_database_only_by_name_is_not_healthy(odoo: FakeOdoo, url: str) -> None:
    """A person opens the URL and names no database."""

    def only_by_name(request: BaseHTTPRequestHandler) -> Answer:
        if "session_id=shop" in request.headers.get("Cookie", ""):
            return 200, {}, LOGIN_PAGE
        asked = parse_qs(urlsplit(request.path).query).get("db")
        return _login(request) if asked else (303, {"Location": "/web/database/selector"}, "")

    odoo.answers["/web/login"] = only_by_name
    odoo.answers["/web/database/selector"] = lambda _request: (200, {}, LOGIN_PAGE)
    result = ask(url, database="shop", module_states=_states)
    assert result.summary == "/web/login leads to /web/database/selector: the database is not served"


def test_a_server_that_does_not_serve_the_database_is_not_healthy(odoo: FakeOdoo, url: str) -> None:
    """Odoo leads to its database selector."""
    odoo.answers["/web/database/selector"] = lambda _request: (200, {}, LOGIN_PAGE)
    result = ask(url, database="other", module_states=_states)
    assert result.summary == "/web/login leads to /web/database/selector: the database is not served"


def test_a_page_without_a_login_form_is_not_healthy(odoo: FakeOdoo, url: str) -> None:
    """Some other program may hold the port."""
    odoo.answers["/web/login"] = lambda _request: (200, {}, "<h1>It works</h1> login password")
    assert ask(url, database="shop", module_states=_states).summary == "/web/login shows no login form"


@pytest.mark.usefixtures("odoo")
def test_unfinished_modules_are_not_healthy(url: str) -> None:
    """The first is named, the others are counted."""
    states = {"base": "installed", "sale": "to upgrade", "crm": "to install"}
    result = ask(url, database="shop", module_states=lambda: states)
    assert result.summary == "module crm is 'to install' and 1 more are unfinished"


@pytest.mark.usefixtures("odoo")
def test_module_states_that_cannot_be_read_are_not_healthy(url: str) -> None:
    """The database server may be away."""

    def away() -> dict[str, str]:
        raise Unavailable("the database server does not answer")

    result = ask(url, database="shop", module_states=away)
    assert result.summary == "the module states cannot be read: the database server does not answer"


def test_modules_are_judged_by_their_states() -> None:
    """A database without any installed module is none of Odoo's."""
    assert judge_modules(INSTALLED) is None
    assert judge_modules({"sale": "to remove"}) == "module sale is 'to remove'"
    assert judge_modules({}) == "no module is installed"


def test_waiting_ends_when_the_server_comes(port: int, url: str) -> None:
    """Nothing listens at first."""
    servers: list[FakeOdoo] = []
    timer = threading.Timer(0.5, lambda: servers.append(FakeOdoo(port)))
    timer.start()
    try:
        result = wait_healthy(url, database="shop", timeout_seconds=20, alive=lambda: True, module_states=_states)
    finally:
        timer.join()
        servers[0].close()
    assert result.passed
    assert 0.3 < result.metadata["seconds"] < 20


def test_waiting_outlasts_a_registry_that_loads_slowly(odoo: FakeOdoo, url: str) -> None:
    """A request that is held longer than our first patience is asked again with more."""
    ready = time.monotonic() + 2.5

    def slow(request: BaseHTTPRequestHandler) -> Answer:
        time.sleep(max(0.0, ready - time.monotonic()))
        return _login(request)

    odoo.answers["/web/login"] = slow
    result = wait_healthy(url, database="shop", timeout_seconds=20, alive=lambda: True, module_states=_states)
    assert result.passed
    assert len(odoo.asked) < 15


def test_waiting_ends_early_when_the_service_died(url: str) -> None:
    """Nobody waits five minutes for a service that is gone."""
    started = time.monotonic()
    result = wait_healthy(url, database="shop", timeout_seconds=60, alive=lambda: False, module_states=_states)
    assert not result.passed
    assert result.summary == "the service ended before it answered (nothing listens yet)"
    assert time.monotonic() - started < 50


def test_waiting_forgives_a_service_that_comes_back(port: int, url: str) -> None:
    """A killed service, or supervisor, is back within a second or two."""
    born = time.monotonic() + 1.0
    servers: list[FakeOdoo] = []

    def alive() -> bool:
        if time.monotonic() > born and not servers:
            servers.append(FakeOdoo(port))
        return bool(servers)

    try:
        result = wait_healthy(url, database="shop", timeout_seconds=20, alive=alive, module_states=_states)
    finally:
        servers[0].close()
    assert result.passed


def test_waiting_ends_at_its_time_limit_with_the_last_answer(odoo: FakeOdoo, url: str) -> None:
    """The reason is what was wrong last."""
    odoo.answers["/web/health"] = lambda _request: (503, {}, "")
    started = time.monotonic()
    result = wait_healthy(url, database="shop", timeout_seconds=0.5, alive=lambda: True, module_states=_states)
    assert result.summary == "no good answer within 0.5 s (/web/health answers 503)"
    assert time.monotonic() - started < 20


def test_waiting_ends_early_when_the_login_page_stays_wrong(
    odoo: FakeOdoo, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its registry is loaded: more patience only keeps people in maintenance."""
    monkeypatch.setattr(healthy, "_WRONG_SECONDS", 0.5)
    odoo.answers["/web/login"] = lambda _request: (500, {}, "")
    started = time.monotonic()
    result = wait_healthy(url, database="shop", timeout_seconds=60, alive=lambda: True, module_states=_states)
    assert result.summary == "wrong answers for 0.5 s (/web/login answers 500)"
    assert time.monotonic() - started < 50


def test_waiting_outlasts_a_login_page_that_is_wrong_at_first(odoo: FakeOdoo, url: str) -> None:
    """A second process may still load its registry."""
    ready = time.monotonic() + 1.0

    def at_first(request: BaseHTTPRequestHandler) -> Answer:
        return _login(request) if time.monotonic() > ready else (500, {}, "")

    odoo.answers["/web/login"] = at_first
    result = wait_healthy(url, database="shop", timeout_seconds=20, alive=lambda: True, module_states=_states)
    assert result.passed


def test_a_server_that_is_silent_is_given_all_its_time(
    odoo: FakeOdoo, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not even know its health yet is booting, and no answer of its login page counts."""
    monkeypatch.setattr(healthy, "_WRONG_SECONDS", 0.5)
    ready = time.monotonic() + 2.0
    known = odoo.answers["/web/health"]
    odoo.answers["/web/health"] = lambda request: known(request) if time.monotonic() > ready else (503, {}, "")
    result = wait_healthy(url, database="shop", timeout_seconds=20, alive=lambda: True, module_states=_states)
    assert result.passed


def test_a_server_that_never_answers_does_not_hold_us(
    odoo: FakeOdoo, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A page that drips, byte by byte, is left as well; the server is not upset by it."""
    gone = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> Answer:
        while not gone.wait(0.05):
            request.wfile.write(b"x")
        return 200, {}, ""

    odoo.answers["/web/login"] = drip
    try:
        result = wait_healthy(url, database="shop", timeout_seconds=1, alive=lambda: True, module_states=_states)
    finally:
        gone.set()
        odoo.close()
    assert not result.passed
    assert result.summary.startswith("no good answer within 1 s")
    assert capfd.readouterr().err == ""
