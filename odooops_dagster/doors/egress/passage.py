"""Passes bytes between an environment and a server: a tunnel as they are, a request of plain HTTP written anew."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

import h11

from odooops_dagster.doors.egress.requests import Request, answer_head

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]

# A passage on which nothing moves for so long is ended.
IDLE_SECONDS = 300.0
_CHUNK = 64 * 1024


class Pace:
    """Bytes that one environment may move within a second, both ways together, after a burst of as much."""

    def __init__(self, bytes_per_second: int = 32 * 1024**2) -> None:
        self._rate = bytes_per_second
        self._paid_until = 0.0

    async def pay(self, size: int) -> None:
        """Wait until so many bytes may move."""
        now = asyncio.get_running_loop().time()
        self._paid_until = max(self._paid_until, now - 1) + size / self._rate
        if self._paid_until > now:
            await asyncio.sleep(self._paid_until - now)


class Passage:
    """One passage: what it has moved since `moved` was called, and the limits under which it moves more."""

    def __init__(self, pace: Pace, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self.bytes_out = 0
        self.bytes_in = 0
        self._pace = pace
        self._idle_seconds = idle_seconds
        self._limit = asyncio.timeout(idle_seconds)

    def moved(self) -> tuple[int, int]:
        """Return the bytes that left and that came back since the last call."""
        moved = (self.bytes_out, self.bytes_in)
        self.bytes_out = self.bytes_in = 0
        return moved

    async def run(self, *works: Coroutine[None, None, None]) -> None:
        """Do the works until the last one ends; end all when one fails or nothing has moved for too long.

        Raises:
            TimeoutError: nothing moved.
        """
        async with self._limit, asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)

    async def write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        """Write the bytes, and wait until there is room for more."""
        await self._pace.pay(len(data))
        writer.write(data)
        await writer.drain()
        self._limit.reschedule(asyncio.get_running_loop().time() + self._idle_seconds)


async def tunnel(
    passage: Passage, _request: Request, connection: h11.Connection, client: Stream, server: Stream
) -> None:
    """Tell the client that it is connected, and pass what either side sends until both have ended."""
    client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    async def out() -> None:
        early = connection.trailing_data[0]
        while data := early or await client[0].read(_CHUNK):
            early = b""
            passage.bytes_out += len(data)
            await passage.write(server[1], data)
        _end(server[1])

    async def back() -> None:
        while data := await server[0].read(_CHUNK):
            passage.bytes_in += len(data)
            await passage.write(client[1], data)
        _end(client[1])

    await passage.run(out(), back())


async def exchange(
    passage: Passage, request: Request, connection: h11.Connection, client: Stream, server: Stream
) -> None:
    """Pass one request and its answer, as h11 reads them, and nothing that comes after."""
    next_hop = h11.Connection(h11.CLIENT)
    sent = next_hop.send(request.head()) or b""
    passage.bytes_out += len(sent)
    server[1].write(sent)

    async def out() -> None:
        while not isinstance(event := await _next(connection, client), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                data = next_hop.send(event) or b""
                passage.bytes_out += len(event.data)
                await passage.write(server[1], data)
        await passage.write(server[1], next_hop.send(event) or b"")

    body = asyncio.create_task(out())

    async def back() -> None:
        while not isinstance(event := await _next(next_hop, server), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                await passage.write(client[1], connection.send(answer_head(event)) or b"")
            elif isinstance(event, h11.Data):
                passage.bytes_in += len(event.data)
                await passage.write(client[1], connection.send(event) or b"")
        await passage.write(client[1], connection.send(event) or b"")

    try:
        await passage.run(back())
    finally:
        body.cancel()
        with suppress(OSError, h11.ProtocolError, asyncio.CancelledError):
            await body


async def _next(connection: h11.Connection, stream: Stream) -> h11.Event:
    """Return the next event of the side that the connection reads.

    Raises:
        OSError, h11.ProtocolError: the side is gone, or writes what is no HTTP.
    """
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                stream[1].write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            connection.receive_data(await stream[0].read(_CHUNK))
        elif isinstance(event, h11.Event):
            return event
        else:
            raise ConnectionResetError("the other side ended")


def _end(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.write_eof()
