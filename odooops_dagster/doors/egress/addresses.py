"""Names are looked up once, and the address that was judged is the one that is connected to.

So a name that changes its address in between gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from odooops_dagster.doors.egress.places import Address

# Returns the addresses of a name; raises OSError without any.
Resolver = Callable[[str], Sequence[Address]]


def look_up(name: str) -> list[Address]:
    """Return the addresses of the name, as this machine's resolver knows it."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found))


class Names:
    """Looks up the names of one environment, a few at a time: slow ones keep no other environment waiting."""

    _AT_ONCE = 4

    def __init__(self, resolver: Resolver, executor: Executor) -> None:
        self._resolver = resolver
        self._executor = executor
        self._free = asyncio.Semaphore(self._AT_ONCE)

    async def addresses(self, name: str) -> Sequence[Address]:
        """Return the addresses of the name.

        Raises:
            OSError: it has none.
        """
        await self._free.acquire()
        found = asyncio.get_running_loop().run_in_executor(self._executor, self._resolver, name)
        # A caller that waits no longer does not end the thread that looks it up.
        found.add_done_callback(lambda _: self._free.release())
        try:
            return await asyncio.shield(found)
        except UnicodeError as exc:
            raise OSError(f"{name} has no address") from exc
