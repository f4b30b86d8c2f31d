"""A client of a supervisord's socket, with a time limit per call."""

from __future__ import annotations

import http.client
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport

from odooops_dagster.errors import Unavailable

CALL_SECONDS = 30.0


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


class _Transport(SupervisorTransport):  # type: ignore[misc] # supervisor ships no types
    """Supervisor's transport with a time limit."""

    _get_connection: Callable[[], http.client.HTTPConnection]

    def __init__(self, socket: Path, *, seconds: float) -> None:
        super().__init__(None, None, f"unix://{socket}")
        connection = self._get_connection

        def connect() -> http.client.HTTPConnection:
            connected = connection()
            connected.connect()
            connected.sock.settimeout(seconds)
            return connected

        self._get_connection = connect
