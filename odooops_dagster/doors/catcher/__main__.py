"""The catcher's program: `python -m odooops_dagster.doors.catcher HOME`.

It gets the state folder as an argument: the settings would double the memory of a program that reads no other.

Each environment has an outlet, a folder with two sockets that its own programs alone see: what arrives there is that
environment's. The platform makes them and hands them over (doors/feed.py). The catcher counts and stores; it knows no
database, no secret and no environment's folder, and has no network. The platform collects what it leaves
(steps/upkeep/outlets.py).
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import Any
from uuid import UUID, uuid4

import uvloop

from odooops_dagster.doors import feed
from odooops_dagster.doors.catcher.outlet import Outlet
from odooops_dagster.home import catcher_mark, catcher_socket, caught_folder

# How soon what was counted is written.
_LOOK_SECONDS = 1.0


async def serve(home: Path) -> None:
    """Catch for the state folder until the process is told to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    catcher = Catcher(caught_folder(home))
    line = feed.listen(catcher_socket(home), catcher)
    mark = catcher_mark(home)
    mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while not ended.is_set():
        catcher.write()
        mark.touch()
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _LOOK_SECONDS)
    line.close()
    catcher.close()


class Catcher:
    """The outlets of environments; `caught` gets a folder for each that sent something."""

    def __init__(self, caught: Path) -> None:
        self._caught = caught
        # It begins to count anew when it starts: the same minute is told by two of them then.
        self._source = uuid4()
        self._open: dict[UUID, tuple[str, Outlet]] = {}

    def held(self) -> dict[str, str]:
        """Return the environments that are heard, and the digest that was told of each."""
        return {environment.hex: digest for environment, (digest, _outlet) in self._open.items()}

    async def tell(self, told: dict[str, Any], sockets: list[socket]) -> None:
        """Hear an environment at its sockets, or without any no more.

        Raises:
            OSError, ValueError, KeyError, TypeError: what is told makes no sense.
        """
        environment = UUID(told["environment"])
        if (known := self._open.pop(environment, None)) is not None:
            known[1].close()
        if sockets:
            outlet = await Outlet.opened(sockets, self._caught / environment.hex, source=self._source)
            self._open[environment] = (str(told["digest"]), outlet)

    def write(self) -> None:
        """Write what was counted since the last call."""
        for _digest, outlet in self._open.values():
            outlet.write()

    def close(self) -> None:
        """Close every outlet, after it wrote what it counted."""
        for _digest, outlet in self._open.values():
            outlet.close()
        self._open.clear()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
