"""The proxy's program: `python -m odooops_dagster.doors.egress HOME`.

It has the machine's network and no database, no secret and no environment's file. The platform gives it a listening
socket for each environment and the rules for it (feed.py); who asks is known by the socket alone. What it counts it
leaves in a folder of its own, from which the platform collects (steps/upkeep/outlets.py).
"""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from typing import Any
from uuid import UUID, uuid4

import uvloop

from odooops_dagster.doors import feed
from odooops_dagster.doors.catcher.attempts import leave
from odooops_dagster.doors.egress.addresses import Names, Resolver, look_up
from odooops_dagster.doors.egress.destinations import Rules
from odooops_dagster.doors.egress.requests import LARGEST_HEAD
from odooops_dagster.doors.egress.way import Way
from odooops_dagster.home import egress_mark, egress_socket, let_out_folder
from odooops_dagster.plain_log import get_logger

log = get_logger(__name__)

_LOOK_SECONDS = 1.0
# Looks between two in which what still passes is counted; each writes a file.
_TALLIED_EVERY = 10
# Each environment looks up four names at a time.
_LOOK_UPS = 64


async def serve(home: Path) -> None:
    """Let out for the state folder until the process is told to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    proxy = Proxy(let_out_folder(home))
    line = feed.listen(egress_socket(home), proxy)
    mark = egress_mark(home)
    mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while not ended.is_set():
        proxy.write()
        mark.touch()
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _LOOK_SECONDS)
    line.close()
    proxy.close()


class Proxy:
    """The ways out of environments; `let_out` gets a folder for each that tried to get out."""

    def __init__(self, let_out: Path, *, resolver: Resolver = look_up) -> None:
        self._let_out = let_out
        self._resolver = resolver
        self._source = uuid4()
        self._look_ups = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="names")
        self._looks = 0
        self._ways: dict[UUID, tuple[str, Way, asyncio.Server]] = {}

    def held(self) -> dict[str, str]:
        """Return the environments that have a way, and by which text their rules were told."""
        return {environment.hex: digest for environment, (digest, _way, _server) in self._ways.items()}

    async def tell(self, told: dict[str, Any], sockets: list[socket]) -> None:
        """Take the rules of an environment, and with its socket open its way; close it where there are no rules.

        Raises:
            ValueError, KeyError, TypeError: what is told makes no sense; nothing has changed.
        """
        environment = UUID(told["environment"])
        rules = Rules.read(told["rules"]) if told["rules"] else None
        if rules is not None and not sockets:
            if (known := self._ways.get(environment)) is not None:
                known[1].obey(rules)
                self._ways[environment] = (str(told["digest"]), *known[1:])
            return
        if (known := self._ways.pop(environment, None)) is not None:
            await self._end(environment, *known[1:])
        if rules is not None:
            way = Way(rules, Names(self._resolver, self._look_ups))
            server = await asyncio.start_unix_server(way.serve, sock=sockets[0], limit=LARGEST_HEAD)
            self._ways[environment] = (str(told["digest"]), way, server)

    async def _end(self, environment: UUID, way: Way, server: asyncio.Server) -> None:
        """Close a way, with all that passes on it, and write what was counted."""
        server.close()
        await way.end()
        self._write(environment, way)

    def write(self) -> None:
        """Write what was counted since the last call, and now and then what still passes."""
        self._looks += 1
        for environment, (_digest, way, _server) in self._ways.items():
            if self._looks % _TALLIED_EVERY == 0:
                way.tally()
            self._write(environment, way)

    def _write(self, environment: UUID, way: Way) -> None:
        leave(way.counter, self._let_out / environment.hex, source=self._source, now=datetime.now(UTC))

    def close(self) -> None:
        """Close every way, after it wrote what it counted."""
        self.write()
        for _digest, _way, server in self._ways.values():
            server.close()
        self._look_ups.shutdown(wait=False, cancel_futures=True)


def _allow_many_connections() -> None:
    """Take all descriptors that we may have: each connection of an environment takes two."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    _allow_many_connections()
    uvloop.run(serve(Path(sys.argv[1])))
