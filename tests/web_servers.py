"""HTTP servers for the tests whose clients may leave before they are answered."""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer
from typing import Any


class QuietServer(ThreadingHTTPServer):
    """Prints no traceback when a client is gone; closing it waits for the requests under way."""

    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Print what went wrong, unless it is only that nobody listens any longer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
