"""A client of a supervisord's socket, with a time limit per call."""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odooops_dagster.errors import Unavailable

CALL_SECONDS = 30.0


class Faults:
    """Codes of refused calls. Source: Faults in supervisor/xmlrpc.py, whose import takes longer than a call."""

    SHUTDOWN_STATE = 6
    BAD_NAME = 10
    SPAWN_ERROR = 50
    ALREADY_STARTED = 60
    NOT_RUNNING = 70
    STILL_RUNNING = 91


@dataclass(frozen=True, kw_only=True)
class Supervisord:
    """The supervisord at a socket; it may not be running."""

    socket: Path
    name: str  # its name in errors
    hint: str  # hint in errors: how to start it
    call_seconds: float = CALL_SECONDS

    def call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 -- XML-RPC returns what it returns
        """Call a method of the supervisor.

        Raises:
            Unavailable: the supervisor does not answer, or is ending.
            xmlrpc.client.Fault: the supervisor refuses the call.
        """
        transport = _Transport(self.socket, seconds=self.call_seconds)
        try:
            proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport, allow_none=True)
            return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as exc:
            raise Unavailable(f"{self.name} does not answer: {exc}", hint=self.hint) from exc
        except xmlrpc.client.Fault as exc:
            if exc.faultCode == Faults.SHUTDOWN_STATE:
                raise Unavailable(f"{self.name} is ending", hint=self.hint) from exc
            raise
        finally:
            transport.close()


class _Transport(xmlrpc.client.Transport):
    """Calls over a Unix socket, each made once: a call that starts or stops must not be repeated by itself."""

    def __init__(self, path: Path, *, seconds: float) -> None:
        super().__init__()
        self._path, self._seconds = path, seconds

    def request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> Any:  # noqa: ANN401 - as in the base class
        """Send the call."""
        return self.single_request(host, handler, request_body, verbose)

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ANN401 - as in the base class
        """Return a connection to the socket."""
        connection = http.client.HTTPConnection(str(host), timeout=self._seconds)
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(self._seconds)
        self._connection = host, connection
        connection.sock.connect(str(self._path))
        return connection
