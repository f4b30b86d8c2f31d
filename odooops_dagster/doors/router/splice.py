"""Connects one client with one Odoo for one request and its answer; nothing before, between or after passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from odooops_dagster.doors.router.answers import AnswerReader
from odooops_dagster.doors.router.demand import asks
from odooops_dagster.doors.router.head import BadRequest, Head, RequestReader
from odooops_dagster.doors.router.pages import Answer
from odooops_dagster.doors.router.routes import Held, Passage, busy, unavailable
from odooops_dagster.doors.router.sides import Side
from odooops_dagster.doors.router.traffic import Traffic

Route = Callable[[Head, str], Passage | Held | Answer]

# How long a client may take for its head: browsers open connections in advance and use them later, or never.
_HEAD_SECONDS = 60.0
# How often a request that waits asks for its route again, and how many an Odoo gets at once: it has a thread and a
# connection to its database for each, and answers with an error when its 64 connections (db_maxconn) are in use.
_AGAIN_SECONDS = 0.05
_AT_ONCE = 32
# How many requests wait for one environment: anybody may ask for one that sleeps, and each asks again and again.
_WAITING = 128


class OdooSide(Side):
    """The connection with an Odoo, which ends with its answer, whatever the Odoo says of it.

    Args:
        asked: the request that it answers.
    """

    def __init__(self, asked: Head) -> None:
        super().__init__()
        self._answer = AnswerReader(asked)

    @property
    def has_begun(self) -> bool:
        """Return whether the client got something of the answer."""
        return self._answer.has_begun

    def data_received(self, data: bytes) -> None:
        """Pass on what belongs to the answer."""
        if self._answer.has_switched:
            super().data_received(data)
        elif isinstance(self.other, ClientSide):
            self._pass(self.other, data)

    def eof_received(self) -> bool:
        """Let the client see the end."""
        if self.other is None or (self._is_finished and self._answer.has_switched):
            return False
        if self._answer.has_switched:
            self.other.linger()
            return True
        if isinstance(self.other, ClientSide):
            self._pass(self.other, b"")
        return False

    def _pass(self, client: ClientSide, data: bytes) -> None:
        passed = self._answer.feed(data)
        if passed:
            client.transport.write(passed)
        if self._answer.has_switched:
            client.switch()
        elif self._answer.has_ended:
            client.part()
            if self.has_begun:
                client.linger()
            else:
                client.answer(Answer(status=502, text="the environment gave no answer"))


class ClientSide(Side):
    """The connection with a client, from its first byte.

    Args:
        route: who answers a request.
        traffic: where requests are counted.
    """

    def __init__(self, route: Route, traffic: Traffic | None = None) -> None:
        super().__init__()
        self._route = route
        self._traffic = traffic or Traffic()
        self._reader: RequestReader | None = RequestReader()
        self._has_head = self._has_switched = False
        self._opening: asyncio.Task[None] | None = None
        self._counted: Path | None = None
        self._waits_for: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the head, but not for ever."""
        super().connection_made(transport)
        self.after(_HEAD_SECONDS, lambda: self.answer(Answer(status=408, text="no request came")))

    def data_received(self, data: bytes) -> None:
        """Read the head, then pass the body on; what comes after the request is for nobody."""
        if self._has_switched:
            super().data_received(data)
        elif self._reader is not None and self._has_head:
            self._pass(self._reader, data)
        elif self._reader is not None:
            try:
                head = self._reader.feed(data)
            except BadRequest as exc:
                self._refuse(exc)
            else:
                if head is not None:
                    self._go(head)

    def switch(self) -> None:
        """Copy both ways from now on: the Odoo goes on in the protocol that this client asked for."""
        self._has_switched = True
        if self.other is not None and self._reader is not None:
            self.other.transport.write(self._reader.rest)
        self._reader = None

    def part(self) -> None:
        """End the connection with the Odoo, and give it nothing more."""
        if self.other is not None:
            self.other.transport.abort()
            self.other.other = None
        self.other = self._reader = None
        self.transport.resume_reading()

    def answer(self, answer: Answer) -> None:
        """Give an answer of the router's own, and end."""
        self._reader = None
        self.transport.write(answer.encoded())
        self.linger()

    def _pass(self, reader: RequestReader, data: bytes = b"") -> None:
        try:
            passed = reader.body(data)
        except BadRequest as exc:
            self._refuse(exc)
        else:
            if passed and self.other is not None:
                self.other.transport.write(passed)

    def _refuse(self, exc: BadRequest) -> None:
        """Give no answer of ours into the middle of an Odoo's."""
        has_begun = isinstance(self.other, OdooSide) and self.other.has_begun
        self.part()
        if has_begun:
            self.linger()
        else:
            self.answer(Answer(status=400, text=f"this is no request: {exc}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """End what waits for this client."""
        if self._opening is not None:
            self._opening.cancel()
        self._waited()
        self._count(None)
        super().connection_lost(exc)

    def _go(self, head: Head) -> None:
        self._has_head = True
        self.forget_timer()
        found = self._find(head)
        if not isinstance(found, Answer) and asks(head):
            self._traffic.note(found.label)
        if isinstance(found, Held) and found.wakes:
            self._traffic.want(found.label)
        if isinstance(found, Passage) and not self._has_room(found, head):
            found = busy(head, found)
        if isinstance(found, Held) and not (found.seconds and self._traffic.waiting(found.label) < _WAITING):
            found = found.answer
        if isinstance(found, Answer):
            self.answer(found)
            return
        self.transport.pause_reading()
        if isinstance(found, Passage):
            self._count(found.socket, head)
            way = self._open(found, head)
        else:
            self._traffic.wait(found.label)
            self._waits_for = found.label
            way = self._wait(found, head)
        self._opening = self._loop.create_task(way)

    def _find(self, head: Head) -> Passage | Held | Answer:
        ends = tuple(self.transport.get_extra_info(name)[:2] for name in ("peername", "sockname"))
        return self._route(replace(head, ends=ends), str(ends[0][0]))

    def _has_room(self, passage: Passage, head: Head) -> bool:
        return head.wants_websocket or self._traffic.at_work(passage.socket) < _AT_ONCE

    async def _wait(self, held: Held, head: Head) -> None:
        """Go on as soon as there is a way and room on it; answer when the time is over."""
        until = self._loop.time() + held.seconds
        while self._loop.time() < until:
            await asyncio.sleep(_AGAIN_SECONDS)
            found = self._find(head)
            if isinstance(found, Held) and found.wakes:  # its mark went while it was still being stopped
                self._traffic.want(found.label)
            if isinstance(found, Passage) and self._has_room(found, head):
                self._waited()
                self._count(found.socket, head)
                await self._open(found, head)
                return
        self._waited()
        self.answer(held.answer)
        self.transport.resume_reading()

    def _waited(self) -> None:
        """Wait no more, if this request does."""
        if self._waits_for is not None:
            self._traffic.waited(self._waits_for)
        self._waits_for = None

    async def _open(self, passage: Passage, head: Head) -> None:
        odoo = await self._connected(passage.socket, head)
        if odoo is None and passage.other is not None:
            self._count(passage.other, head)
            odoo = await self._connected(passage.other, head)
        if odoo is None:
            self.answer(unavailable(head))
        else:
            self.other, odoo.other = odoo, self
            odoo.transport.write(passage.head)
            if self._reader is not None:
                self._pass(self._reader)
        self.transport.resume_reading()

    async def _connected(self, socket: Path, head: Head) -> OdooSide | None:
        try:
            _, odoo = await self._loop.create_unix_connection(lambda: OdooSide(head), str(socket))
        except OSError:
            return None
        return odoo

    def _count(self, socket: Path | None, head: Head | None = None) -> None:
        """Count the request at this socket instead of another; one that stays open, as Odoo's bus, never ends."""
        if self._counted is not None:
            self._traffic.end(self._counted)
        self._counted = None if head is not None and head.wants_websocket else socket
        if self._counted is not None:
            self._traffic.begin(self._counted)
