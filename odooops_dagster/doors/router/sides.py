"""One of two connections that are joined: what both of them do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

# How long a client may take to close a connection whose answer is complete. To close it at once could destroy the
# answer on its way, if the client still sends (RFC 9112, section 9.6).
_LINGER_SECONDS = 5.0


class Side(asyncio.Protocol):
    """One of the two connections; what it receives goes to the other."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.other: Side | None = None
        self._is_finished = False
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Copy; what comes when there is no other side is of no use."""
        if self.other is not None:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Tell the other side that nothing more comes, and stay open for what it still sends, unless it has ended."""
        if self.other is None or self._is_finished:
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
        self._is_finished = True
        if not self.transport.is_closing():
            self.transport.write_eof()

    def linger(self) -> None:
        """Send nothing more, and close when the other end does, or after a while."""
        self.finish()
        self.after(_LINGER_SECONDS, self.transport.close)

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Act after a while, unless the connection ends before."""
        self.forget_timer()
        self._timer = self._loop.call_later(seconds, act)

    def forget_timer(self) -> None:
        """Do nothing after a while."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
