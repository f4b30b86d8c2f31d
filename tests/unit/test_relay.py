"""The gate of an environment on another node lets one container in, and to its own sockets alone."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.tools.runtime import relay
from odooops_dagster.tools.runtime.ports import free_port
from tests.suites.processes import eventually

NOW, BEFORE = time.time() - 100, time.time() - 200
LATER = 32_503_680_000.0  # the year 3000: a test's name is the same in each process
KEY = b"a key that no program has"


def listing(stamp: object, key: bytes = KEY) -> str:
    """Return how a first process with this key asks for its sockets."""
    return f"list {stamp} {hmac.digest(key, str(stamp).encode(), 'sha256').hex()}"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Yield the folder of the platform's sockets: one that says a word, and what is none of the environment's."""
    place = tmp_path / "outlet"
    place.mkdir()
    (tmp_path / "file").write_text("another's")
    (place / "link").symlink_to(tmp_path / "file")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(place / "s"))
    (place / "to-socket").symlink_to(place / "s")
    server.listen()

    def answer() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connection.sendall(b"word")

    threading.Thread(target=answer, daemon=True).start()
    yield place
    server.close()


@pytest.fixture
def port(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the port of a gate."""
    monkeypatch.setattr(relay, "PORT", free_port())
    (folder.parent / "key").write_bytes(KEY)
    gate = relay.Gate({"key": str(folder.parent / "key"), "folders": [str(folder)], "known": [["gone"]], "listen": {}})
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(loop, "add_signal_handler", lambda *_: None)  # it runs in a thread
    threading.Thread(target=loop.run_until_complete, args=(gate.run(),), daemon=True).start()
    eventually(lambda: ask(relay.PORT, listing(0), "127.0.0.9") is not None, what="a gate")
    return relay.PORT


def ask(port: int, line: str, peer: str, *, stays: bool = False) -> bytes | None:
    """Return what the gate answers to a container at this address; None where nobody listens."""
    connection = socket.socket()
    connection.settimeout(5)
    connection.bind((peer, 0))
    try:
        connection.connect(("127.0.0.1", port))
        connection.sendall(f"{line}\n".encode())
        return connection.recv(4096)
    except ConnectionRefusedError:
        return None
    except ConnectionResetError:
        return b""
    finally:
        if not stays:
            connection.close()


def test_only_the_container_that_was_started_last_is_let_in(port: int) -> None:
    """What a lost node still runs reaches the database no more, whatever it says of the time after it was replaced."""
    assert ask(port, "open 0 s", "127.0.0.2") == b""
    assert json.loads(ask(port, listing(BEFORE), "127.0.0.2") or b"") == [[0, "s", False]]
    held = socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0))
    held.sendall(b"open 0 s\n")
    assert held.recv(10) == b"word"
    assert ask(port, listing(NOW), "127.0.0.3") != b""
    held.settimeout(5)
    assert held.recv(10) == b""
    held.close()
    assert ask(port, listing(BEFORE), "127.0.0.2") == b""
    assert ask(port, "open 0 s", "127.0.0.2") == b""
    assert ask(port, "open 0 s", "127.0.0.3") == b"word"


@pytest.mark.parametrize(
    "line",
    [
        *(
            "list 1e99",
            "list nan",
            "list 1 2 3",
            f"list {LATER}",
            "list",
            listing(1e99, b"a guess"),
            listing("x"),
        ),
        *(listing(each) for each in ("inf", "-inf", "nan")),
    ],
)
def test_what_was_pushed_takes_no_container_of_later_the_gate(port: int, line: str) -> None:
    """The former container's program has no key: it asks in vain, and the one that follows is let in."""
    assert ask(port, listing(BEFORE), "127.0.0.2")
    assert ask(port, line, "127.0.0.2") == b""
    assert ask(port, line, "127.0.0.4") == b""
    assert ask(port, listing(NOW), "127.0.0.3")
    assert ask(port, "open 0 s", "127.0.0.3") == b"word"
    assert ask(port, "open 0 s", "127.0.0.4") == b""


@pytest.mark.parametrize(
    "line",
    [
        *(
            "open 0 link",
            "open 0 to-socket",
            "open 0 ../file",
            "open 0 ../outlet/s",
            "open -1 s",
            "open 1 s",
            "open 0 ..",
        ),
        *("open 0", "open", "", "other 0 s", "open x s", "open 0 none", "open 0 s/../s", "open 0 ..", "x" * 5000),
    ],
)
def test_nothing_but_a_socket_of_its_own_is_opened(port: int, line: str) -> None:
    """No link, no file, no path, no nonsense."""
    assert ask(port, listing(NOW), "127.0.0.2")
    assert ask(port, line, "127.0.0.2") == b""
    assert ask(port, "open 0 s", "127.0.0.2") == b"word"


def test_a_datagram_of_another_container_is_dropped(port: int, folder: Path) -> None:
    """And one that names what is not there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(folder / "d"))
        heard.settimeout(5)
        assert ask(port, listing(NOW), "127.0.0.2")
        for peer, data in (("127.0.0.4", b"0 d\nother"), ("127.0.0.2", b"0 ../d\nx"), ("127.0.0.2", b"0 d\nown")):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind((peer, 0))
                sender.sendto(data, ("127.0.0.1", port))
        assert heard.recv(100) == b"own"
    assert os.path.lexists(folder / "d")
