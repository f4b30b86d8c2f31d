"""Datagrams to the platform's socket: later where nobody takes them now, and none holds up the next one."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from odooops_dagster.tools.odoo.launcher.datagrams import MOST_WAITING, Datagrams


def listening(folder: Path) -> socket.socket:
    """Return the socket at which the platform hears."""
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(folder / "told"))
    heard.settimeout(20)
    return heard


def test_one_that_no_socket_takes_is_dropped_and_the_next_one_arrives(tmp_path: Path) -> None:
    """The kernel refuses a long one for ever."""
    with listening(tmp_path) as heard:
        datagrams = Datagrams(str(tmp_path), "told")
        datagrams.send(b"x" * 10_000_000)
        datagrams.send(b"short")
        assert heard.recv(100) == b"short"


def test_of_too_many_the_oldest_are_forgotten(tmp_path: Path) -> None:
    """Nobody listens yet."""
    datagrams = Datagrams(str(tmp_path), "told")
    for number in range(MOST_WAITING + 5):
        datagrams.send(str(number).encode())
    with listening(tmp_path) as heard:
        found = [int(heard.recv(100)) for _ in range(MOST_WAITING)]
    # While one is tried, another one may take its place, and is the one that is forgotten.
    assert found[-1] == MOST_WAITING + 4
    assert found == sorted(found)


def test_what_several_threads_send_at_once_arrives_once(tmp_path: Path) -> None:
    """None waits for another one, and none is lost between them."""
    datagrams = Datagrams(str(tmp_path), "told")

    def send(thread: int) -> None:
        for number in range(50):
            datagrams.send(f"{thread} {number}".encode())

    with listening(tmp_path) as heard, ThreadPoolExecutor(8) as pool:
        pool.map(send, range(8))
        found = [heard.recv(100).decode() for _ in range(400)]
    assert sorted(found) == sorted(f"{thread} {number}" for thread in range(8) for number in range(50))


def test_its_thread_ends_when_nothing_waits(tmp_path: Path) -> None:
    """An Odoo at rest has none of it."""
    datagrams = Datagrams(str(tmp_path), "told")
    datagrams.send(b"early")
    assert "datagrams" in {thread.name for thread in threading.enumerate()}
    with listening(tmp_path) as heard:
        assert heard.recv(100) == b"early"
    until = time.monotonic() + 20
    while "datagrams" in {thread.name for thread in threading.enumerate()}:
        assert time.monotonic() < until
        time.sleep(0.01)
