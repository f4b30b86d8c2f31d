"""A receiver that answers endlessly holds up no other one, and fills no memory."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from odooops_dagster.errors import Undelivered
from odooops_dagster.tools import outgoing

HEAD = b"HTTP/1.1 200 OK\r\n"


def slowly(connection: socket.socket) -> None:
    """Answer with a head that never ends, a byte now and then: each comes within the time limit of a read."""
    connection.sendall(HEAD + b"X-Word: ")
    _drip(connection)


def slowly_after_the_head(connection: socket.socket) -> None:
    """Answer with a body that never ends."""
    connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
    _drip(connection)


def _drip(connection: socket.socket) -> None:
    """Send a byte now and then until nobody takes it."""
    while True:  # clock: sending ends it
        connection.sendall(b"a")
        time.sleep(0.05)


def at_length(connection: socket.socket) -> None:
    """Answer with more than anything that is said."""
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b" " * 2**20)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("answer", [slowly, slowly_after_the_head, at_length])
def test_an_answer_has_an_end(answer: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is tried again later, and those of others are sent meanwhile."""
    monkeypatch.setattr(outgoing, "_WHOLE_SECONDS", 1.0)
    with (
        receiver(answer) as url,
        outgoing.outgoing_client() as client,
        pytest.raises(Undelivered, match="the receiver cannot be reached") as refused,
    ):
        outgoing.send(client, "GET", url, receiver="the receiver", remedy="nothing")
    assert not refused.value.is_final


def test_a_compressed_answer_is_read() -> None:
    """What a forge's proxy compresses is no other answer."""

    def zipped(connection: socket.socket) -> None:
        body = gzip.compress(b'{"a": 1}')
        connection.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with receiver(zipped) as url, outgoing.outgoing_client() as client:
        assert outgoing.send(client, "GET", url, receiver="the receiver", remedy="nothing").json() == {"a": 1}


@contextmanager
def receiver(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one request with the answer, and yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join(20)
        assert not thread.is_alive()
