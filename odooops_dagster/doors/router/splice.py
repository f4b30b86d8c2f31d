"""Connects one client with one Odoo: reads the head of the request, and copies everything after it, both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

from odooops_dagster.doors.router.head import BadRequest, Head, HeadReader
from odooops_dagster.doors.router.routes import Answer, Passage, unavailable

Route = Callable[[Head, str], Passage | Answer]

# How long a client may take for its head: browsers open connections in advance and use them later, or never.
_HEAD_SECONDS = 60.0
# How long a client may take to close a connection whose answer is complete. To close it at once could destroy the
# answer on its way, if the client still sends (RFC 9112, section 9.6).
_LINGER_SECONDS = 5.0


class Side(asyncio.Protocol):
    """One of the two connections; what it receives goes to the other."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.other: Side | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Copy; what comes when there is no other side is of no use."""
        if self.other is not None:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Tell the other side that nothing more comes, and stay open for what it still sends."""
        if self.other is None:
            return False
        self.other.finish()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other side too: after what was written is sent, if this one ended well."""
        self.forget_timer()
        if self.other is None:
            return
        if exc is None:
            self.other.transport.close()
        else:
            self.other.transport.abort()

    def pause_writing(self) -> None:
        """Read no more from the other side than this one takes."""
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        if self.other is not None:
            self.other.transport.resume_reading()

    def finish(self) -> None:
        """Send nothing more."""
        if not self.transport.is_closing():
            self.transport.write_eof()

    def linger(self) -> None:
        """Send nothing more, and close when the other end does, or after a while."""
        self.finish()
        self.after(_LINGER_SECONDS, self.transport.close)

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Act after a while, unless the connection ends before."""
        self.forget_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, act)

    def forget_timer(self) -> None:
        """Do nothing after a while."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class OdooSide(Side):
    """The connection with an Odoo, which ends with its answer."""

    def eof_received(self) -> bool:
        """Let the client see the end."""
        if self.other is None:
            return False
        self.other.linger()
        return True


class ClientSide(Side):
    """The connection with a client, from its first byte."""

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route
        self._reader: HeadReader | None = HeadReader()
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the head, but not for ever."""
        super().connection_made(transport)
        self.after(_HEAD_SECONDS, lambda: self._answer(Answer(status=408, text="no request came")))

    def data_received(self, data: bytes) -> None:
        """Read the head, then copy."""
        if self._reader is None:
            super().data_received(data)
            return
        try:
            head = self._reader.feed(data)
        except BadRequest as exc:
            self._answer(Answer(status=400, text=f"this is no request: {exc}"))
            return
        if head is not None:
            self._go(head)

    def connection_lost(self, exc: Exception | None) -> None:
        """End what waits for this client."""
        if self._opening is not None:
            self._opening.cancel()
        super().connection_lost(exc)

    def _go(self, head: Head) -> None:
        self._reader = None
        self.forget_timer()
        found = self._route(head, str(self.transport.get_extra_info("peername")[0]))
        if isinstance(found, Answer):
            self._answer(found)
            return
        self.transport.pause_reading()
        self._opening = asyncio.get_running_loop().create_task(self._open(found.socket, found.head + head.rest, head))

    async def _open(self, socket: Path, first: bytes, head: Head) -> None:
        try:
            _, odoo = await asyncio.get_running_loop().create_unix_connection(OdooSide, str(socket))
        except OSError:
            self._answer(unavailable(head))
        else:
            self.other, odoo.other = odoo, self
            odoo.transport.write(first)
        self.transport.resume_reading()

    def _answer(self, answer: Answer) -> None:
        self._reader = None
        self.transport.write(answer.encoded())
        self.linger()
