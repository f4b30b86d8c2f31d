"""One environment's outlet: a socket for datagrams about attempts, and one that speaks SMTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from uuid import UUID

from odooops_dagster.doors.catcher.attempts import LONGEST, Counter, leave
from odooops_dagster.doors.catcher.mails import Mails

_BACKLOG = 16
# Datagrams of one environment that are read between two looks; the kernel drops what its sender has too much of.
_READ_AT_MOST = 500


class Outlet:
    """An open outlet; see `opened`."""

    def __init__(self, datagrams: socket.socket, spool: Path, *, source: UUID) -> None:
        self._spool = spool
        self._source = source
        self._counter = Counter()
        self._mails = Mails(spool)
        self._datagrams = datagrams
        self._server: asyncio.Server | None = None
        self._left = _READ_AT_MOST

    @classmethod
    async def opened(cls, sockets: Sequence[socket.socket], spool: Path, *, source: UUID) -> Self:
        """Read from an environment's two sockets (tools/outlet_line.py), and leave in `spool` what arrives.

        Raises:
            OSError, ValueError: they are no such sockets.
        """
        datagrams, mail = sockets
        outlet = cls(datagrams, spool, source=source)
        loop = asyncio.get_running_loop()
        outlet._server = await loop.create_unix_server(outlet._mails.session, sock=mail, backlog=_BACKLOG)
        loop.add_reader(datagrams, outlet._read)
        return outlet

    def write(self) -> None:
        """Write the minutes in which something was counted since the last call, and read on."""
        leave(self._counter, self._spool, source=self._source, now=datetime.now(UTC))
        if self._left <= 0:
            asyncio.get_running_loop().add_reader(self._datagrams, self._read)
        self._left = _READ_AT_MOST

    def close(self) -> None:
        """Write what was counted, and stop listening."""
        self.write()
        asyncio.get_running_loop().remove_reader(self._datagrams)
        self._datagrams.close()
        if self._server is not None:
            self._server.close()

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while self._left > 0:
                self._left -= 1
                self._counter.add(self._datagrams.recv(LONGEST), datetime.now(UTC))
        if self._left <= 0:  # a program that tells too much does not keep others from being heard
            asyncio.get_running_loop().remove_reader(self._datagrams)
