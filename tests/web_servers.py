"""HTTP servers for the tests whose clients may leave before they are answered, or that serve at a path."""

from __future__ import annotations

import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class QuietServer(ThreadingHTTPServer):
    """Prints no traceback when a client is gone; closing it waits for the requests under way."""

    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Print what went wrong, unless it is only that nobody listens any longer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class UnixServer(ThreadingHTTPServer):
    """Serves at a Unix socket, and prints nothing when a client is gone; closing it waits for no request."""

    address_family = socket.AF_UNIX
    daemon_threads = True
    request_queue_size = 128  # as the launcher of a real Odoo lets many wait

    def __init__(self, place: Path, handler: type[BaseHTTPRequestHandler]) -> None:
        self._place = place
        super().__init__(("", 0), handler)

    def server_bind(self) -> None:
        """Take the place, also of a socket on which nobody listens any more."""
        self._place.parent.mkdir(parents=True, exist_ok=True)
        self._place.unlink(missing_ok=True)
        self.socket.bind(str(self._place))

    def server_close(self) -> None:
        """Leave nothing at the place: what copies a folder cannot copy a socket."""
        super().server_close()
        self._place.unlink(missing_ok=True)

    def handle_error(self, *_: object) -> None:
        """Say nothing."""
