"""The way out of one environment: it decides, passes bytes within limits, and counts.

Nothing of a connection is believed but what it asks for; who asks is known by the socket. Everything that waits has an
end: the head of a request, a name, a connection, and a passage on which nothing moves.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import h11

from odooops_dagster.doors.catcher.attempts import OTHERS, Attempt, Counter, attempt_of
from odooops_dagster.doors.egress.addresses import Names
from odooops_dagster.doors.egress.destinations import Host, Rules, shown
from odooops_dagster.doors.egress.passage import IDLE_SECONDS, Pace, Passage, exchange, tunnel
from odooops_dagster.doors.egress.places import Address
from odooops_dagster.doors.egress.requests import LARGEST_HEAD, BadRequest, Request, read_request
from odooops_dagster.plain_log import get_logger

log = get_logger(__name__)

# Connections of one environment; one more is ended at once.
MOST_AT_ONCE = 64
HEAD_SECONDS = 10.0
_CONNECT_SECONDS = 15.0
# Of a name: so many addresses are tried, and so many are judged.
_ADDRESSES = 4
_LOOKED_AT = 32

# A host at a port, and the address of it that was connected to.
_Passing = tuple[Host, int, Address]


class Refused(Exception):
    """The environment may not go there; the message is what it is told."""


class Way:
    """What happens to the connections of one environment, under the rules that hold now.

    Args:
        rules: what it may reach, until `obey` replaces them.
        names: looks up names.
        idle_seconds: how long a passage may stand still.
        head_seconds: how long the head of a request may take.
    """

    def __init__(
        self, rules: Rules, names: Names, *, idle_seconds: float = IDLE_SECONDS, head_seconds: float = HEAD_SECONDS
    ) -> None:
        self.counter = Counter()
        self._rules = rules
        self._is_ended = False
        self._names = names
        self._idle_seconds = idle_seconds
        self._head_seconds = head_seconds
        self._pace = Pace()
        # What passes, with what it is counted as.
        self._passages: dict[Passage, tuple[Attempt, str]] = {}
        # Each connection, with where it leads once it leads anywhere.
        self._open: dict[asyncio.Task[Any], _Passing | None] = {}

    def obey(self, rules: Rules) -> None:
        """Replace the rules, and end what they do not allow any more."""
        self._rules = rules
        for task, passing in self._open.items():
            if passing is not None and self._refusal(*passing) is not None:
                task.cancel()

    def tally(self) -> None:
        """Count the bytes that have moved on what still passes: a tunnel may be open for days."""
        for passage, (attempt, outcome) in self._passages.items():
            if any(moved := passage.moved()):
                self._count(attempt, outcome, attempts=0, moved=moved)

    async def end(self) -> None:
        """End every connection, and take no other one."""
        self._is_ended = True
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = _this_task()
        self._open[task] = None
        try:
            if self._is_ended:
                return
            if len(self._open) > MOST_AT_ONCE:
                self._count_refusal(Attempt(OTHERS, None, "tcp"), "too many connections at once")
                await _say(writer, 503, f"an environment has {MOST_AT_ONCE} connections at once, and no more")
                return
            await self._serve(reader, writer)
        except* (OSError, TimeoutError, h11.ProtocolError):
            pass  # one of the two sides is gone, or was ended
        finally:
            del self._open[task]
            _close(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
        try:
            async with asyncio.timeout(self._head_seconds):
                request = await read_request(connection, reader)
        except BadRequest as exc:
            await _say(writer, 400, str(exc))
            return
        attempt = attempt_of(_told(request))
        try:
            outcome, addresses = await self._decide(request)
        except Refused as exc:
            self._count_refusal(attempt, str(exc))
            await _say(writer, 403, str(exc))
            return
        except (OSError, TimeoutError) as exc:
            self._count(attempt, self._outcome(request), reason="its name has no address")
            await _say(writer, 502, f"{shown(request.host)} has no address: {exc}")
            return
        await self._pass(request, connection, (reader, writer), attempt=attempt, outcome=outcome, to=addresses)

    async def _decide(self, request: Request) -> tuple[str, list[Address]]:
        """Return the outcome and the addresses that may be connected to; no name is looked up that is refused.

        Raises:
            Refused: the rules do not let it out.
            OSError, TimeoutError: the name has no address.
        """
        host, port = request.host, request.port
        refusal = self._rules.refusal(host, port)
        if refusal is not None:
            raise Refused(refusal)
        async with asyncio.timeout(_CONNECT_SECONDS):
            found = await self._names.addresses(host) if isinstance(host, str) else [host]
        refusals = {each: self._refusal(host, port, each) for each in found[:_LOOKED_AT]}
        usable = [each for each, refusal in refusals.items() if refusal is None]
        if refusals and not usable:
            raise Refused(next(filter(None, refusals.values())))
        return self._outcome(request), usable[:_ADDRESSES]

    def _refusal(self, host: Host, port: int, address: Address) -> str | None:
        """Return the sentence with which the rules that hold now refuse the host at the address; None if they do not.

        Raises:
            OSError: this machine does not say which addresses it has.
        """
        return self._rules.refusal(host, port) or self._rules.refusal_of_address(host, address, port)

    async def _pass(
        self,
        request: Request,
        connection: h11.Connection,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        *,
        attempt: Attempt,
        outcome: str,
        to: list[Address],
    ) -> None:
        """Connect to the first address that answers, pass what is to be passed, and count it."""
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                server = await _connected(to, request.port)
        except (OSError, TimeoutError):
            self._count(attempt, outcome, reason="it does not answer", address=str(to[0]) if to else None)
            await _say(client[1], 502, f"{shown(request.host, request.port)} does not answer")
            return
        address = ipaddress.ip_address(server[1].get_extra_info("peername")[0])
        refusal = self._refusal(request.host, request.port, address)
        if refusal is not None:  # the rules changed meanwhile
            server[1].transport.abort()
            self._count_refusal(attempt, refusal)
            await _say(client[1], 403, refusal)
            return
        self._open[_this_task()] = (request.host, request.port, address)
        self._count(attempt, outcome, address=str(address))
        passage = Passage(self._pace, idle_seconds=self._idle_seconds)
        self._passages[passage] = (attempt, outcome)
        work: Callable[..., Awaitable[None]] = tunnel if request.is_tunnel else exchange
        try:
            await work(passage, request, connection, client, server)
        finally:
            _close(server[1])
            del self._passages[passage]
            self._count(attempt, outcome, attempts=0, moved=passage.moved())

    def _outcome(self, request: Request) -> str:
        return "allowed" if self._rules.allows(request.host, request.port) else "reported"

    def _count_refusal(self, attempt: Attempt, reason: str) -> None:
        self._count(attempt, "refused", reason=reason.partition(": ops ")[0][:200])

    def _count(self, attempt: Attempt, outcome: str, **told: object) -> None:
        self.counter.count(replace(attempt, outcome=outcome), datetime.now(UTC), **told)  # type: ignore[arg-type]


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("the server makes a task of each connection")
    return task


def _close(writer: asyncio.StreamWriter) -> None:
    """Close the connection: at once if its task was cancelled, else when what waits to be sent was sent."""
    if _this_task().cancelling():
        writer.transport.abort()
    writer.close()


async def _connected(addresses: list[Address], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to the first address that answers.

    Raises:
        OSError: none does.
    """
    for address in addresses:
        with suppress(OSError):
            return await asyncio.open_connection(str(address), port)
    raise OSError("no address answers")


def _told(request: Request) -> dict[str, Any]:
    """Return the attempt as the launcher would tell it: module and scheduled action are the environment's own word."""
    return {
        "destination": shown(request.host),
        "port": request.port,
        "protocol": request.asker.get("protocol") or ("tcp" if request.is_tunnel else "http"),
        "module": request.asker.get("module"),
        "cron": request.asker.get("cron"),
    }


async def _say(writer: asyncio.StreamWriter, status: int, sentence: str) -> None:
    """Answer with the sentence: in the line that Python's library puts into its error, and for people."""
    line = "".join(sign if " " <= sign <= "~" else "?" for sign in sentence)
    body = f"{line}\n".encode()
    head = (
        f"HTTP/1.1 {status} {line}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    with suppress(OSError):
        writer.write(head.encode() + body)
        async with asyncio.timeout(_CONNECT_SECONDS):
            await writer.drain()
