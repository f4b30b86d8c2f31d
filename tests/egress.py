"""The proxy's own program with an environment's way out, the platform's end of its line, and servers to reach."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from odooops_dagster.doors.egress.addresses import Names
from odooops_dagster.doors.egress.destinations import Rules
from odooops_dagster.doors.egress.places import Address
from odooops_dagster.doors.egress.way import Way
from odooops_dagster.home import egress_mark, exit_folder, let_out_folder
from odooops_dagster.tools import egress_line
from tests.outlets import wait_until


def rules(
    *allow: str,
    mode: str = "enforce",
    stage: str = "development",
    opened: Sequence[str] | None = None,
    own_services: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return rules as the platform tells them: its operator named what is on the list, and opened this machine for it.

    Unless `opened` and `own_services` say something else.
    """
    held = {f"{stage}_mode": mode, f"{stage}_allow": list(allow)}
    told = {"project_slug": "shop", "stage": stage, "mode": mode, "allow": list(allow), "rules": held}
    return {
        **told,
        "opened": list(allow if opened is None else opened),
        "own_services": list(allow if own_services is None else own_services),
    }


class LettingOut:
    """A state folder with a proxy that runs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.wanted: dict[UUID, Mapping[str, Any]] = {}

    def ruled(self, environment: UUID, *allow: str, mode: str = "enforce") -> Path:
        """Tell the proxy the environment's rules, and return its folder with the proxy's socket."""
        self.wanted[environment] = rules(*allow, mode=mode)
        assert self.tell() is not None
        folder = exit_folder(self.home, environment)
        wait_until(lambda: ask(folder, b"").startswith(b"HTTP/1.1 400"), what="a way out")
        wait_until(lambda: self.tell() == 0, what="its rules")
        return folder

    def tell(self) -> int | None:
        """Tell the proxy all rules, as the platform does at each tick."""
        return egress_line.tell(self.home, self.wanted)

    def left(self, environment: UUID) -> list[Path]:
        """Return the files that the proxy left of the environment, as soon as there is one."""
        folder = let_out_folder(self.home) / environment.hex
        wait_until(lambda: list(folder.glob("[!.]*.attempts")), what="what was counted")
        return sorted(folder.glob("[!.]*.attempts"))


@contextmanager
def letting_out(home: Path) -> Iterator[LettingOut]:
    """Run the proxy on the state folder."""
    egress_mark(home).unlink(missing_ok=True)
    program = subprocess.Popen([sys.executable, "-m", "odooops_dagster.doors.egress", str(home)])
    try:
        wait_until(egress_mark(home).exists, what="the proxy")
        yield LettingOut(home)
    finally:
        program.terminate()
        assert program.wait(20) == 0


class OneWay:
    """A way out in this process: it looks names up in `known`, and keeps which ones."""

    def __init__(self, folder: Path, told: Mapping[str, Any], known: Mapping[str, list[str]], **limits: float) -> None:
        self.folder = folder
        self.looked_up: list[str] = []
        self._known = known
        self._finds = threading.Event()
        self._finds.set()
        self._listening = socket.socket(socket.AF_UNIX)
        with opened(folder) as place:
            self._listening.bind(f"{place}/{egress_line.SOCKET}")
        self._listening.listen(16)
        self._loop = asyncio.new_event_loop()
        self.way = Way(Rules.read(told), Names(self._look_up, ThreadPoolExecutor(4)), **limits)
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(30)

    def _look_up(self, name: str) -> list[Address]:
        self.looked_up.append(name)
        assert self._finds.wait(30)
        if name not in self._known:
            raise socket.gaierror(-2, "Name or service not known")
        return [ipaddress.ip_address(each) for each in self._known[name]]

    @contextmanager
    def no_name_is_found(self) -> Iterator[None]:
        """Let look-ups wait."""
        self._finds.clear()
        try:
            yield
        finally:
            self._finds.set()

    def _run(self, ready: threading.Event) -> None:
        async def serve() -> None:
            server = await asyncio.start_unix_server(self.way.serve, sock=self._listening)
            ready.set()
            async with server:
                await server.serve_forever()

        asyncio.set_event_loop(self._loop)
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(serve())

    def call(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do the work where the way is, and wait for its end."""
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(30)

    def obey(self, told: Mapping[str, Any]) -> None:
        """Give it other rules."""

        async def obey() -> None:
            self.way.obey(Rules.read(told))

        self.call(obey)

    def counted(self) -> list[dict[str, Any]]:
        """Return what has been counted since the last call."""
        rows = self.way.counter.changed(datetime.now(UTC)).values()
        return [row for minute in rows for row in minute]

    def close(self) -> None:
        """Stop."""
        self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(self._loop)])
        self._thread.join(30)


def connect(target: str) -> bytes:
    """Return the head of a request for a tunnel."""
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()


def status(answer: bytes) -> int:
    """Return the status of an answer."""
    return int(answer.split(b" ", 2)[1])


# Makes a way out in this process, of rules and the addresses of names.
MakeWay = Callable[..., OneWay]


def ask(folder: Path, head: bytes, *, more: bytes = b"", seconds: float = 30) -> bytes:
    """Send bytes to the proxy's socket in the folder and return all that comes back; without any, end at once."""
    with reached(folder, seconds=seconds) as client:
        client.sendall(head + more)
        if not head:
            client.shutdown(socket.SHUT_WR)
        answer = b""
        while part := client.recv(65536):
            answer += part
        return answer


def reached(folder: Path, *, seconds: float = 30) -> socket.socket:
    """Return a connection to the proxy's socket in the folder."""
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(seconds)
    with opened(folder) as place:
        made.connect(f"{place}/{egress_line.SOCKET}")
    return made


@contextmanager
def opened(folder: Path) -> Iterator[str]:
    """Yield a short name of the folder: the path of a socket may have no more than 107 bytes."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


class Server:
    """A server of the internet: it keeps what it gets, and answers each connection with one answer."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    def __init__(self, host: str, port: int, patience: float) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, port), family=family)
        self._patience = patience
        self.port: int = self._listening.getsockname()[1]
        self.got: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client = self._listening.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        at = len(self.got)
        self.got.append(b"")
        client.settimeout(self._patience)
        with client:
            try:
                while b"\r\n\r\n" not in self.got[at] and (part := client.recv(65536)):
                    self.got[at] += part
                client.sendall(self.ANSWER)
                while part := client.recv(65536):
                    self.got[at] += part
            except OSError:
                pass

    def close(self) -> None:
        """Stop."""
        self._listening.close()


@contextmanager
def server(host: str = "127.0.0.1", port: int = 0, *, patience: float = 1) -> Iterator[Server]:
    """Run a server, by default at a free port; it ends a connection on which nothing comes for so many seconds."""
    made = Server(host, port, patience)
    try:
        yield made
    finally:
        made.close()
