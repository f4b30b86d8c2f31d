"""A service in front of another that fails as often as it is told to."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Self

from tests.web_servers import QuietServer


class Stumbling:
    """Hands requests on, after answering 500 `failures` times and breaking off `breaks` downloads in their middle.

    With each request `whims` is asked for another: one of WHIMS, or nothing.
    """

    WHIMS = ("fail", "hang up", "forget", "break", "wait")

    def __init__(self, endpoint: str) -> None:
        self.failures = 0
        self.breaks = 0
        self.delay_seconds = 0.0
        self.whims: Callable[[], str] = lambda: ""
        self.endpoint = endpoint
        self._server = QuietServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(service: Stumbling) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one class
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # whose clients are told to go on before they send a body; others wait a second

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.whim = service.whims()
            time.sleep(service.delay_seconds + (0.05 if self.whim == "wait" else 0))
            if self.whim == "hang up":
                self.close_connection = True
                return
            if service.failures > 0 or self.whim == "fail":
                service.failures -= service.failures > 0
                self._answer(500, {}, b"")
                return
            request = urllib.request.Request(  # noqa: S310 - the test's own server
                service.endpoint + self.path, data=body or None, method=self.command, headers=dict(self.headers)
            )
            try:
                with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
                    self._answer(answer.status, dict(answer.headers), answer.read())
            except urllib.error.HTTPError as exc:
                self._answer(exc.code, dict(exc.headers), exc.read())

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - the library's names

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.close_connection = True
            if self.whim == "forget":  # it was done, and nobody is told
                return
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if (service.breaks > 0 or self.whim == "break") and self.command == "GET" and len(body) > 1000:
                service.breaks -= service.breaks > 0
                body = body[: len(body) // 2]
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
