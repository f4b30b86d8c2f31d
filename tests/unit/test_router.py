"""The router, asked over real connections as browsers, proxies and clumsy or hostile programs ask."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from odooops_dagster.doors.router import sides, splice
from odooops_dagster.doors.router.routes import route, route_former_port
from odooops_dagster.home import bus_socket, environment_socket
from odooops_dagster.settings import Settings
from tests.routers import PATIENCE, routing
from tests.web_servers import UnixServer

LABEL = "feature-visits--shop"
OTHER = "main--shop"
LOCAL = f"{LABEL}.localhost:8601"
PUBLIC = f"{LABEL}.preview.example.com"


class Odoo(BaseHTTPRequestHandler):
    """Tells what it was asked, or does as the path says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a websocket by echoing what comes, anything else with what came."""
        if self.headers.get("Upgrade") == "websocket":
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            self.wfile.flush()
            while data := self.connection.recv(65536):
                self.connection.sendall(data.upper())
            self.close_connection = True
            return
        self._tell(b"")

    def do_POST(self) -> None:
        """Tell how much came."""
        self._tell(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _tell(self, body: bytes) -> None:
        who = self.connection.getsockname()
        fields = {name.lower(): self.headers.get_all(name) for name in self.headers}
        told = json.dumps({"who": who, "path": self.path, "fields": fields, "size": len(body)}).encode()
        answer = told + (b" " * 5_000_000 if self.path == "/large" else b"")
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with a domain behind a proxy that asks for the login."""
    return Settings(home=tmp_path, environments_domain="Preview.Example.com", environments_login=False)


@pytest.fixture(autouse=True)
def odoos(settings: Settings) -> Iterator[None]:
    """Let two environments answer at their sockets."""
    servers = []
    for label in (LABEL, OTHER):
        server = UnixServer(environment_socket(settings.home, label), Odoo)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
    yield
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def port(settings: Settings) -> Iterator[int]:
    """Yield the port of a router of all environments."""
    with routing(lambda head, client: route(settings, head, client=client)) as found:
        yield found


@pytest.fixture
def former(settings: Settings) -> Iterator[int]:
    """Yield the port that the environment once had."""
    with routing(lambda head, _client: route_former_port(settings, head, LABEL)) as found:
        yield found


def send(port: int, data: bytes) -> bytes:
    """Send the bytes, and return everything that comes until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(data)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def get(port: int, host: str, path: str = "/web", **fields: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a page, and return status, header and body."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in fields.items())]
    head, _, body = send(port, "\r\n".join([*lines, "", ""]).encode("latin-1")).partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in rest), body


def told(port: int, host: str, **fields: str) -> dict[str, list[str]]:
    """Return the fields that the environment's Odoo got."""
    status, _, body = get(port, host, **fields)
    assert status == 200, body
    found: dict[str, list[str]] = json.loads(body)["fields"]
    return found


def test_both_connections_end_as_soon_as_the_client_has_its_answer(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy environment would else use up the router's files while each answered client is waited for."""
    monkeypatch.setattr(sides, "_LINGER_SECONDS", 10 * PATIENCE)
    get(port, LOCAL)
    before = _open_files()
    for _ in range(20):
        get(port, LOCAL)
    end = time.monotonic() + PATIENCE
    while _open_files() > before:
        assert time.monotonic() < end, f"{_open_files() - before} files more are open"
        time.sleep(0.01)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("host", [LOCAL, LOCAL.upper(), f"{LABEL}.localhost.:8601", f"{LABEL}.localhost", PUBLIC])
def test_an_environment_answers_under_its_own_name(settings: Settings, port: int, host: str) -> None:
    """On this machine and behind a proxy, with a port or without."""
    status, _, body = get(port, host)
    assert (status, json.loads(body)["who"]) == (200, str(environment_socket(settings.home, LABEL)))


@pytest.mark.parametrize(
    "host",
    [
        *("dagster.localhost:8601", "localhost:8601", "127.0.0.1:8601", "[::1]:8601", "", "evil.example"),
        *("nobody--shop.localhost", f"x.{LABEL}.localhost", f"{LABEL}.localhost.evil.example", "preview.example.com"),
        *(f"{LABEL}.example.com", "../run/host--x.localhost", f"{LABEL}:80.localhost", f"{'a' * 61}--b.localhost"),
    ],
)
def test_no_environment_answers_under_another_name(port: int, host: str) -> None:
    """What a browser keeps for other programs' names, or for the machine's, reaches no environment."""
    status, fields, _ = get(port, host, Cookie="odooops-session=secret")
    assert status == 421
    assert fields["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: {LOCAL}\r\nHost: {OTHER}.localhost\r\n\r\n".encode(),
        f"GET http://{OTHER}.localhost/ HTTP/1.1\r\nHost: {LOCAL}\r\n\r\n".encode(),
        f"CONNECT {LOCAL} HTTP/1.1\r\nHost: {LOCAL}\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\nHost : {LOCAL}\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\nHost: {LOCAL}\r\nTransfer-Encoding: chunked, identity\r\n\r\n".encode(),
        f"GET / HTTP/2.0\r\nHost: {LOCAL}\r\n\r\n".encode(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_no_clear_request_reaches_no_environment(port: int, request_: bytes) -> None:
    """Where two programs may read two names in it, nobody answers."""
    assert send(port, request_).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 421 "))


def test_a_connection_carries_one_request(settings: Settings, port: int) -> None:
    """A second one, for another environment, does not get to the first one's."""
    one = f"GET /one HTTP/1.1\r\nHost: {LOCAL}\r\nConnection: keep-alive\r\n\r\n"
    two = f"GET /two HTTP/1.1\r\nHost: {OTHER}.localhost\r\n\r\n"
    received = send(port, (one + two).encode())
    assert received.count(b"HTTP/1.1 200") == 1
    assert b'"/one"' in received
    assert b"/two" not in received
    assert environment_socket(settings.home, OTHER).name.encode() not in received


def test_a_client_of_this_machine_cannot_say_that_it_is_another(port: int) -> None:
    """Odoo believes these fields; one with an underscore is the same to it."""
    fields = {
        "X-Forwarded-For": "6.6.6.6",
        "x-forwarded-host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X_Forwarded_For": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
    }
    found = told(port, LOCAL, **fields)
    assert {name: value for name, value in found.items() if "forwarded" in name} == {
        "x-forwarded-for": ["127.0.0.1"],
        "x-forwarded-host": [LOCAL],
        "x-forwarded-proto": ["http"],
    }


def test_a_proxy_says_who_asks(port: int) -> None:
    """The host name is the one that was found, whatever else is told."""
    found = told(port, PUBLIC, **{"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": "evil.example"})
    assert (found["x-forwarded-for"], found["x-forwarded-host"]) == (["203.0.113.7"], [PUBLIC])
    assert found["x-forwarded-proto"] == ["https"]
    assert told(port, PUBLIC)["x-forwarded-for"] == ["127.0.0.1"]


def test_bodies_of_any_size_pass_both_ways(port: int) -> None:
    """What comes in pieces arrives whole."""
    size = 3_000_000
    head = f"POST /large HTTP/1.1\r\nHost: {LOCAL}\r\nContent-Length: {size}\r\n\r\n".encode()
    body = send(port, head + b"x" * size).partition(b"\r\n\r\n")[2]
    assert len(body) > 5_000_000
    assert json.loads(body)["size"] == size


def test_a_websocket_stays_open_both_ways(port: int) -> None:
    """After the handshake bytes pass as they are."""
    head = f"GET /websocket HTTP/1.1\r\nHost: {LOCAL}\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096)
        assert b" 101 " in answer
        for word in (b"one", b"two"):
            connection.sendall(word)
            assert connection.recv(4096) == word.upper()


@pytest.mark.parametrize("path", ["/websocket?version=1", "/websocket/health", "/longpolling/poll"])
def test_the_bus_of_an_odoo_of_several_processes_has_a_socket_of_its_own(
    settings: Settings, port: int, path: str
) -> None:
    """Once it answers no more, as after a change to threads, the Odoo itself is asked."""
    place = bus_socket(environment_socket(settings.home, LABEL))
    server = UnixServer(place, Odoo)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    assert json.loads(get(port, LOCAL, path)[2])["who"] == str(place)
    assert json.loads(get(port, LOCAL, "/web?next=/websocket")[2])["who"] != str(place)
    server.shutdown()
    server.server_close()
    place.touch()
    assert json.loads(get(port, LOCAL, path)[2])["who"] == str(environment_socket(settings.home, LABEL))


def test_nobody_asks_the_question_of_the_platform(port: int) -> None:
    """An Odoo prints when the platform asks for it; the field with which it asks passes no router."""
    fields = json.loads(get(port, LOCAL, "/odooops/print", **{"X-OdooOps-Print": "1"})[2])["fields"]
    assert "x-odooops-print" not in fields


def test_an_environment_that_does_not_run_says_so(settings: Settings, port: int) -> None:
    """Its name is known; nobody listens at its socket."""
    gone = environment_socket(settings.home, "gone--shop")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(gone))
    status, _, body = get(port, "gone--shop.localhost")
    assert status == 503
    assert b"ops env list" in body


def test_a_head_that_comes_byte_by_byte_is_read(port: int) -> None:
    """Packets end anywhere."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in f"GET / HTTP/1.1\r\nHost: {LOCAL}\r\n\r\n".encode():
            connection.sendall(bytes([byte]))
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_client_that_says_nothing_is_let_go(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers open connections in advance, but no connection waits for ever."""
    monkeypatch.setattr(splice, "_HEAD_SECONDS", 0.05)
    with routing(lambda head, client: route(settings, head, client=client)) as port:
        assert send(port, b"GET / HT").startswith(b"HTTP/1.1 408 ")


def test_whether_it_lives_is_told_on_the_machine(port: int) -> None:
    """The stack's own probe; under an environment's name the path is the environment's."""
    assert get(port, "127.0.0.1:8601", "/healthz")[2] == b"ok\n"
    assert b"fields" in get(port, LOCAL, "/healthz")[2]


@pytest.mark.parametrize("host", ["127.0.0.1:41873", "localhost:41873", f"{LABEL}.localhost:41873"])
def test_a_former_port_leads_to_the_name(former: int, host: str) -> None:
    """A bookmark, with path and query."""
    status, fields, _ = get(former, host, "/odoo/contacts?a=b")
    place = f"https://{LABEL}.preview.example.com/odoo/contacts?a=b"
    assert (status, fields["Location"]) == (307, place)


@pytest.mark.parametrize("host", ["dagster.localhost:41873", f"{OTHER}.localhost:41873", "evil.example"])
def test_a_former_port_answers_under_no_other_name(former: int, host: str) -> None:
    """Also with the field of a proxy, where the name is one of this machine's."""
    assert get(former, host)[0] == 421
    if "localhost" in host:
        assert get(former, host, **{"X-Forwarded-For": "203.0.113.7"})[0] == 421


@pytest.mark.parametrize("host", ["visits.example.com", "127.0.0.1:41873"])
def test_a_proxy_that_knows_a_former_port_gets_through(former: int, host: str) -> None:
    """Whether it keeps the name that people see, or tells it."""
    found = told(former, host, **{"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": "visits.example.com"})
    assert (found["x-forwarded-for"], found["x-forwarded-host"]) == (["203.0.113.7"], ["visits.example.com"])


def test_no_page_is_allowed_to_speak_as_a_proxy(former: int) -> None:
    """A browser asks before it sends such a field to another origin; the answer permits nothing."""
    ask = (
        "OPTIONS / HTTP/1.1\r\nHost: dagster.localhost:41873\r\nOrigin: http://evil.example\r\n"
        "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-forwarded-for\r\n\r\n"
    )
    answer = send(former, ask.encode())
    assert answer.startswith(b"HTTP/1.1 421 ")
    assert b"access-control" not in answer.lower()
