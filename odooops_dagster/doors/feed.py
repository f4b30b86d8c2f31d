"""A program's socket for the platform, which hands it environments' sockets, and rules (tools/handing_over.py)."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from odooops_dagster.plain_log import get_logger

log = get_logger(__name__)

# One message has the rules of one project, of at most a hundred destinations.
LARGEST_MESSAGE = 128 * 1024
_SECONDS = 5.0
_BACKLOG = 4
_MOST_SOCKETS = 2
# Of what is held, in one message; an empty one is the last.
_HELD_AT_ONCE = 500


class Told(Protocol):
    """What is fed."""

    def held(self) -> dict[str, str]:
        """Return what it has."""

    def tell(self, told: dict[str, Any], sockets: list[socket.socket]) -> Awaitable[None]:
        """Take one message."""


def listen(place: Path, told: Told) -> socket.socket:
    """Listen for the platform, in the place of a proxy that was killed; return what listens."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.setblocking(False)
    umask = os.umask(0o077)
    try:
        listening.bind(str(place))
    finally:
        os.umask(umask)
    listening.listen(_BACKLOG)
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()
    turn = asyncio.Lock()

    def accept() -> None:
        with suppress(BlockingIOError):
            task = loop.create_task(_serve(listening.accept()[0], told, turn))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    loop.add_reader(listening, accept)
    return listening


async def _serve(line: socket.socket, told: Told, turn: asyncio.Lock) -> None:
    """Say what is held, and take what is told, in order; another line waits, so that nothing is handed over twice."""
    loop = asyncio.get_running_loop()
    line.settimeout(_SECONDS)
    async with turn:
        with line:
            try:
                held = list(told.held().items())
                for first in range(0, len(held), _HELD_AT_ONCE):
                    line.send(json.dumps(dict(held[first : first + _HELD_AT_ONCE])).encode())
                line.send(b"{}")
                while message := await loop.run_in_executor(None, _receive, line):
                    await _tell(told, *message)
            except OSError as exc:
                log.warning("the_platform_is_heard_no_more", reason=type(exc).__name__)


async def _tell(told: Told, data: bytes, sockets: list[socket.socket]) -> None:
    """Take one message; one that makes no sense holds up none of other environments."""
    try:
        await told.tell(json.loads(data), sockets)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        log.warning("what_the_platform_tells_is_dropped", reason=type(exc).__name__)
        for each in sockets:
            each.close()


def _receive(line: socket.socket) -> tuple[bytes, list[socket.socket]] | None:
    data, descriptors, _flags, _address = socket.recv_fds(line, LARGEST_MESSAGE, _MOST_SOCKETS)
    sockets = [socket.socket(fileno=each) for each in descriptors]
    for each in sockets:
        each.setblocking(False)
    return (data, sockets) if data else None
