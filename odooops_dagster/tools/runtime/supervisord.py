"""How to speak with a supervisord: over its socket, with a limit on how long an answer may take."""

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
    """A supervisord that listens at a socket, or does not."""

    socket: Path
    name: str  # as errors call it
    hint: str  # what starts it
    call_seconds: float = CALL_SECONDS

    def call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 -- XML-RPC returns what it returns
        """Call a method of the supervisor.

        Raises:
            Unavailable: it does not answer, or is ending.
            xmlrpc.client.Fault: it refuses.
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
    """Supervisor's own transport, with a limit on how long an answer may take."""

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
