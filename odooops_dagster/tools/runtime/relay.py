"""Leads the Unix sockets of an environment across an overlay network, so that it may run on another machine.

    python -I -S relay.py gate DEFINITION           on the platform's machine: a container with the sockets
    python -I -S relay.py inside DEFINITION ARGV... in the environment's container: its first process

The gate reads a line from who connects: `list STAMP PROOF` is answered with the sockets that the environment may see,
and `open INDEX NAME` is connected with one of them. Datagrams carry the same two words in their first line. Requests
of the router go the other way. Only one container is let in: the one that was started last, by the clocks of the nodes.
So one on a node that was lost, and that still works there, reaches the database no more. The proof is of a key that the
gate and the first process have and the program has not: what was pushed cannot say when its container was started.

Definitions are JSON. Gate: {"key": PATH, "folders": [PATH, ...], "known": [[NAME, ...], ...], "listen": {PATH: PORT}},
where `known` names sockets of folders that the gate may enter and not read. Inside: {"key": PATH, "gate": HOST,
"folders": [PATH, ...], "listen": {PATH: PORT}}; folders are in the same order, and `listen` says which socket a port
leads to.
It is started by its path in a container, with the standard library alone.
"""

from __future__ import annotations

import asyncio
import ctypes
import hmac
import json
import math
import os
import re
import signal
import socket
import stat
import sys
import time
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

PORT = 7000
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_BLOCK = 64 * 1024
_AT_ONCE = 512  # connections of one environment: its database's are limited to a hundred
_LIST_SECONDS = 2.0
_LINE_SECONDS = 10.0
# How long a request waits for an environment that is being started on another node.
_HELD_SECONDS = 20.0
_PR_SET_NO_NEW_PRIVS = 38
_NOT_HERE = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Gate:
    """Stands between the sockets of the platform's machine and the one container that may use them."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self._key = Path(definition["key"]).read_bytes()
        self._folders = [Path(each) for each in definition["folders"]]
        self._names: list[list[str]] = definition["known"]
        self._listen = {str(path): int(port) for path, port in definition["listen"].items()}
        self._current: tuple[float, str] = (0.0, "")  # when it was started, and its address
        self._open: dict[Writer, str] = {}

    async def run(self) -> None:
        """Answer until a signal: the first process of a container has to take it by itself."""
        ended = asyncio.Event()
        await asyncio.start_server(self._serve, "0.0.0.0", PORT, limit=1024)  # noqa: S104 - the environment's network
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: _Datagrams(self._deliver), local_addr=("0.0.0.0", PORT))  # noqa: S104
        for path, port in self._listen.items():
            await _listen_at(path, partial(self._lead_in, port), mode=0o600)
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        await ended.wait()

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        """Answer one connection of the environment."""
        peer = str(writer.get_extra_info("peername")[0])
        with suppress(OSError, ValueError, IndexError, asyncio.TimeoutError):
            # Of each: another one must not take the current one's.
            if list(self._open.values()).count(peer) < _AT_ONCE:
                self._open[writer] = peer
                words = (await asyncio.wait_for(reader.readline(), _LINE_SECONDS)).decode("ascii").split()
                if words[0] == "list":
                    self._let_in(peer, words[1], words[2])
                if peer == self._current[1]:
                    await self._obey(words, reader, writer)
        self._open.pop(writer, None)
        writer.close()

    async def _obey(self, words: list[str], reader: Reader, writer: Writer) -> None:
        if words[0] == "list":
            writer.write(json.dumps(self._sockets()).encode())
            await writer.drain()
        elif words[0] == "open":
            there = await asyncio.open_unix_connection(str(self._socket(int(words[1]), words[2])))
            await _join((reader, writer), there)

    def _let_in(self, peer: str, told: str, proof: str) -> None:
        """Let the container in if it was started last, and end what another one still does.

        Raises:
            ValueError: whoever asks has not the key, or names no time.
        """
        if not hmac.compare_digest(proof, _proof(self._key, told)) or not math.isfinite(float(told)):
            raise ValueError(told)
        stamp = min(float(told), time.time())
        if stamp <= self._current[0]:
            return
        self._current = (stamp, peer)
        for writer, other in list(self._open.items()):
            if other != peer:
                writer.transport.abort()

    def _sockets(self) -> list[tuple[int, str, bool]]:
        """Return each socket of the folders: the folder's index, the name, whether it takes datagrams."""
        return [
            (index, name, _takes_datagrams(folder / name))
            for index, folder in enumerate(self._folders)
            for name in sorted({*self._names[index], *_listed(folder)})
            if _NAME.fullmatch(name) and _is_socket(folder / name)
        ]

    def _socket(self, index: int, name: str) -> Path:
        """Return the socket; raise ValueError if it is none that the environment may see."""
        place = self._folders[index] / name if index >= 0 else Path()
        if not _NAME.fullmatch(name) or not _is_socket(place):
            raise ValueError(name)
        return place

    def _deliver(self, data: bytes, peer: str) -> None:
        """Hand a datagram on; one that nobody takes is dropped, as on one machine."""
        first, _, rest = data.partition(b"\n")
        with suppress(OSError, ValueError, IndexError):
            index, name = first.decode("ascii").split()
            if peer == self._current[1]:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
                    sender.sendto(rest, str(self._socket(int(index), name)))

    async def _lead_in(self, port: int, reader: Reader, writer: Writer) -> None:
        """Lead a request of the router to the environment, which may just be starting elsewhere."""
        until = time.monotonic() + _HELD_SECONDS
        while time.monotonic() < until and not writer.is_closing():
            if self._current[1]:
                with suppress(OSError, asyncio.TimeoutError):
                    there = await asyncio.wait_for(asyncio.open_connection(self._current[1], port), 2)
                    await _join((reader, writer), there)
                    return
            await asyncio.sleep(0.2)
        with suppress(OSError):
            writer.write(_NOT_HERE)
            await writer.drain()
        writer.close()


class Inside:
    """Shows the gate's sockets in the container, and the environment's own to the gate."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self._gate = str(definition["gate"])
        self._key = Path(definition["key"]).read_bytes()
        self._folders = [Path(each) for each in definition["folders"]]
        self._listen = {str(path): int(port) for path, port in definition["listen"].items()}
        stamp = repr(time.time())
        self._asks = f"list {stamp} {_proof(self._key, stamp)}\n".encode()
        self._known: set[tuple[int, str]] = set()

    async def run(self, argv: list[str]) -> int:
        """Run the program until it ends, and return its exit status."""
        loop = asyncio.get_running_loop()
        await self._look()
        watching = loop.create_task(self._watch())
        for path, port in self._listen.items():
            await asyncio.start_server(partial(self._lead_in, path), self._address(), port)
        program = await asyncio.create_subprocess_exec(*argv, str(os.getpid()))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, _pass_on, program, number)
        status = await program.wait()
        watching.cancel()
        return status if status >= 0 else 128 - status

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LIST_SECONDS)
            with suppress(OSError, ValueError, asyncio.TimeoutError):
                await asyncio.wait_for(self._ask(), _LINE_SECONDS)

    async def _look(self) -> None:
        """Wait for the gate: without it there is no database."""
        while True:
            with suppress(OSError, ValueError, asyncio.TimeoutError):
                await asyncio.wait_for(self._ask(), _LINE_SECONDS)
                return
            await asyncio.sleep(0.2)

    async def _ask(self) -> None:
        reader, writer = await asyncio.open_connection(self._gate, PORT)
        try:
            writer.write(self._asks)
            told = json.loads(await reader.read(1024 * 1024))
        finally:
            writer.close()
        for index, name, is_datagram in told:
            if (index, name) not in self._known and _NAME.fullmatch(name):
                self._known.add((index, name))
                await self._show(index, name, is_datagram=is_datagram)

    async def _show(self, index: int, name: str, *, is_datagram: bool) -> None:
        place = str(self._folders[index] / name)
        if not is_datagram:
            await _listen_at(place, partial(self._lead_out, index, name), mode=0o666)
            return
        heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        heard.bind(place)
        Path(place).chmod(0o666)
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        asyncio.get_running_loop().add_reader(heard, self._send, heard, out, f"{index} {name}\n".encode())

    def _send(self, heard: socket.socket, out: socket.socket, first: bytes) -> None:
        with suppress(OSError):
            data = heard.recv(_BLOCK)
            out.sendto(first + data, (self._gate, PORT))

    async def _lead_out(self, index: int, name: str, reader: Reader, writer: Writer) -> None:
        with suppress(OSError):
            there = await asyncio.open_connection(self._gate, PORT)
            there[1].write(f"open {index} {name}\n".encode())
            await _join((reader, writer), there)
        writer.close()

    async def _lead_in(self, path: str, reader: Reader, writer: Writer) -> None:
        with suppress(OSError):
            await _join((reader, writer), await asyncio.open_unix_connection(path))
        writer.close()

    def _address(self) -> str:
        """Return our address on the environment's network: production has another one, which nobody asks at."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((self._gate, PORT))
            return str(probe.getsockname()[0])


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, deliver: Callable[[bytes, str], None]) -> None:
        self._deliver = deliver

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._deliver(data, str(addr[0]))


def _proof(key: bytes, stamp: str) -> str:
    return hmac.new(key, stamp.encode(), "sha256").hexdigest()


async def _listen_at(path: str, serve: Callable[[Reader, Writer], Awaitable[None]], *, mode: int) -> None:
    Path(path).unlink(missing_ok=True)
    before = os.umask(0o777 & ~mode)
    try:
        await asyncio.start_unix_server(serve, path)
    finally:
        os.umask(before)


async def _join(one: tuple[Reader, Writer], other: tuple[Reader, Writer]) -> None:
    """Copy both ways, until both have ended or one of them breaks."""
    copies = [asyncio.ensure_future(_copy(one[0], other[1])), asyncio.ensure_future(_copy(other[0], one[1]))]
    try:
        await asyncio.gather(*copies)
    finally:
        for copy in copies:
            copy.cancel()
        for _, writer in (one, other):
            writer.close()


async def _copy(reader: Reader, writer: Writer) -> None:
    while data := await reader.read(_BLOCK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are what is wanted
    except PermissionError:
        return []


def _is_socket(place: Path) -> bool:
    try:
        return stat.S_ISSOCK(place.lstat().st_mode)
    except OSError:
        return False


def _takes_datagrams(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(str(place))
        return True
    return False


def _pass_on(program: asyncio.subprocess.Process, number: int) -> None:
    with suppress(ProcessLookupError):
        program.send_signal(number)


def main(arguments: list[str]) -> int:
    """Be the gate, or the first process of an environment's container."""
    kind, definition, *argv = arguments
    told = json.loads(definition)
    # Engines before 25 set it for no service: nothing that starts here gains privileges, whatever its file says.
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return 1
    if kind == "gate":
        asyncio.run(Gate(told).run())
        return 0
    return asyncio.run(Inside(told).run(argv))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
