"""A connection with the router carries one request and its answer, whatever the two ends say of it.

A proxy in front keeps connections and sends requests for every environment over them: bytes that get past the end of a
request, or of an answer, are another person's.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from odooops_dagster.doors.router.routes import route
from odooops_dagster.home import environment_socket
from odooops_dagster.settings import Settings
from tests.routers import PATIENCE, routing

LABEL, OTHER = "feature-evil--shop", "main--shop"
ASK = f"GET /one HTTP/1.1\r\nHost: {LABEL}.localhost\r\n\r\n".encode()
SECOND = f"GET /two HTTP/1.1\r\nHost: {OTHER}.localhost\r\nCookie: session_id=admin\r\n\r\n".encode()
WEBSOCKET = (
    f"GET /websocket HTTP/1.1\r\nHost: {LABEL}.localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".encode()
)
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


class EvilOdoo:
    """Answers a head with these bytes, keeps the connection, and writes down all that it gets."""

    def __init__(self, place: Path) -> None:
        self.answer = PAGE
        self.seen = b""
        self.closes = False
        self._listening = socket.socket(socket.AF_UNIX)
        place.parent.mkdir(parents=True, exist_ok=True)
        self._listening.bind(str(place))
        self._listening.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=(connection,), daemon=True).start()

    def _speak(self, connection: socket.socket) -> None:
        has_answered = False
        with connection, suppress(ConnectionError):
            while data := _received(connection):
                self.seen += data
                if not has_answered and b"\r\n\r\n" in self.seen:
                    has_answered = True
                    connection.sendall(self.answer)
                    if self.closes:
                        return


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of a platform of their own."""
    return Settings(home=tmp_path)


@pytest.fixture
def odoo(settings: Settings) -> Iterator[EvilOdoo]:
    """Yield a hostile Odoo that answers for a preview."""
    with closing(EvilOdoo(environment_socket(settings.home, LABEL))) as found:
        yield found


@pytest.fixture
def port(settings: Settings, odoo: EvilOdoo) -> Iterator[int]:
    """Yield the port of the router before it."""
    assert odoo
    with routing(lambda head, client: route(settings, head, client=client)) as found:
        yield found


def ask(port: int, *pieces: bytes) -> bytes:
    """Send the pieces one after the other, and return what comes until the router ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        received = b""
        for at, piece in enumerate(pieces):
            if at:
                received += _received(connection)
            try:
                connection.sendall(piece)
            except OSError:
                break
        while data := _received(connection):
            received += data
        return received


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""


@pytest.mark.parametrize(
    "answer",
    [
        PAGE,
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=900\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2000\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nConnection: keep-alive\r\n\r\n" + PAGE,
    ],
)
def test_an_odoo_that_keeps_its_connection_gets_nobody_elses_request(port: int, odoo: EvilOdoo, answer: bytes) -> None:
    """A proxy that has its answer uses the connection again, if it may, and it may not."""
    odoo.answer = answer
    received = ask(port, ASK, SECOND)
    final = received.rpartition(b"HTTP/1.1 ")[2].partition(b"\r\n\r\n")[0].lower()
    assert b"connection: close" in final
    assert b"keep-alive" not in received.lower()
    assert b"session_id" not in odoo.seen
    assert odoo.seen.count(b"HTTP/1.1") == 1


def test_a_request_that_follows_at_once_is_for_nobody(port: int, odoo: EvilOdoo) -> None:
    """Pipelined, in one packet or after a body."""
    long = f"POST /one HTTP/1.1\r\nHost: {LABEL}.localhost\r\nContent-Length: 3\r\n\r\nabc".encode()
    coded = f"POST /one HTTP/1.1\r\nHost: {LABEL}.localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    for one in (ASK, long, coded + b"3\r\nabc\r\n0\r\n\r\n"):
        odoo.seen = b""
        assert ask(port, one + SECOND).count(b"HTTP/1.1 200") == 1
        assert b"session_id" not in odoo.seen
        assert odoo.seen.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "first",
    [
        PAGE,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 400\r\n\r\n",
    ],
)
def test_an_odoo_gives_one_answer(port: int, odoo: EvilOdoo, first: bytes) -> None:
    """A second one would be taken for the answer to the next request."""
    odoo.answer = first + b"HTTP/1.1 200 OK\r\nSet-Cookie: session_id=mine\r\nContent-Length: 4\r\n\r\nevil"
    received = ask(port, ASK)
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"evil" not in received
    assert not (b"content-length: 9" in received.lower() and b"chunked" in received.lower())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\nok",
        b"ok, this is an answer of HTTP/0.9\r\n\r\n",
        SWITCH + b"raw",  # nobody asked for it
    ],
)
def test_what_is_no_clear_answer_is_none(port: int, odoo: EvilOdoo, answer: bytes) -> None:
    """Where two programs may read two ends in it, the router says that there is none."""
    odoo.answer = answer
    received = ask(port, ASK, SECOND)
    assert received.startswith(b"HTTP/1.1 502 ")
    assert b"session_id" not in odoo.seen


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 4\r\nContent-Length: 40\r\n\r\nabcd",
        b"Content-Length: +4\r\n\r\nabcd",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_a_request_that_says_twice_where_it_ends_reaches_nobody(port: int, odoo: EvilOdoo, framing: bytes) -> None:
    """The two programs that read it might not believe the same."""
    head = f"POST /one HTTP/1.1\r\nHost: {LABEL}.localhost\r\n".encode()
    assert ask(port, head + framing + SECOND).startswith(b"HTTP/1.1 400 ")
    assert odoo.seen == b""


@pytest.mark.parametrize("size", [b"-1", b"0x3", b"3 3", b"", b"zz", b"f" * 40])
def test_a_chunk_that_is_none_ends_the_request(port: int, odoo: EvilOdoo, size: bytes) -> None:
    """What follows it is not passed on, as if it were a body or another request."""
    odoo.answer = b""
    head = f"POST /one HTTP/1.1\r\nHost: {LABEL}.localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert ask(port, head + b"3\r\nabc\r\n" + size + b"\r\n" + SECOND).startswith(b"HTTP/1.1 400 ")
    assert b"session_id" not in odoo.seen


def test_chunks_are_written_anew(port: int, odoo: EvilOdoo) -> None:
    """Their extensions and trailers are read differently by different programs."""
    head = f"POST /one HTTP/1.1\r\nHost: {LABEL}.localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert ask(port, head + b"3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n").endswith(b"ok")
    _wait_for(odoo, b"0\r\n\r\n")
    assert odoo.seen.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


def _wait_for(odoo: EvilOdoo, end: bytes) -> None:
    until = time.monotonic() + PATIENCE
    while not odoo.seen.endswith(end):
        assert time.monotonic() < until, odoo.seen
        time.sleep(0.01)


def test_a_websocket_that_is_refused_is_a_request_like_others(port: int, odoo: EvilOdoo) -> None:
    """What the client sends is no frame, but the next request of a proxy."""
    received = ask(port, WEBSOCKET, SECOND)
    assert b"Connection: close" in received
    assert b"session_id" not in odoo.seen


def test_a_websocket_begins_with_its_answer(port: int, odoo: EvilOdoo) -> None:
    """Frames that were sent too early wait for it, and those that come with it are passed."""
    odoo.answer, odoo.closes = SWITCH + b"hello", True
    received = ask(port, WEBSOCKET + b"early")
    assert b" 101 " in received
    assert received.endswith(b"hello")
    assert b"\r\n\r\n" in odoo.seen


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_answer_comes_as_it_is_made(port: int, odoo: EvilOdoo, version: str) -> None:
    """Events of a stream are not kept; a client that knows no chunks gets none."""
    odoo.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(ASK.replace(b"HTTP/1.1", f"HTTP/{version}".encode()))
        received = b""
        while b"data:" not in received:
            data = _received(connection)
            assert data, received
            received += data
    assert (b"5\r\ndata:\r\n" in received) == (version == "1.1")


def test_a_question_for_permission_is_answered_before_the_body(port: int, odoo: EvilOdoo) -> None:
    """Programs with large bodies ask first (Expect), and send when they may."""
    odoo.answer = b"HTTP/1.1 100 Continue\r\n\r\n"
    head = (
        f"POST /one HTTP/1.1\r\nHost: {LABEL}.localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n".encode()
    )
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(head)
        assert _received(connection).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abc")
        _wait_for(odoo, b"\r\n\r\nabc")


def test_the_head_of_a_page_has_no_body(port: int, odoo: EvilOdoo) -> None:
    """Its length is the page's."""
    odoo.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nevil"
    received = ask(port, ASK.replace(b"GET", b"HEAD"))
    assert b"Content-Length: 2000" in received
    assert received.endswith(b"\r\n\r\n")


def test_an_answer_that_breaks_off_is_seen_to(port: int, odoo: EvilOdoo) -> None:
    """The last chunk is the Odoo's word, never the router's."""
    odoo.answer, odoo.closes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", True
    received = ask(port, ASK)
    assert received.startswith(b"HTTP/1.1 200")
    assert not received.endswith(b"0\r\n\r\n")
