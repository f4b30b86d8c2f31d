"""A request: what a client asked under which name, where it ends, and the bytes that the environment's Odoo gets.

Source of the rules: RFC 9110, section 7 (routing and hop-by-hop fields), and RFC 9112, sections 3 (request line, Host)
and 6 (where a message ends).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import h11

from odooops_dagster.doors.router.askers import Place

# Odoo itself reads lines of up to 64 KiB; a head with cookies and a long address has some ten.
LARGEST_HEAD = 64 * 1024
LAST_CHUNK = b"0\r\n\r\n"
_VERSIONS = frozenset({"1.0", "1.1"})
# Fields of one hop, and those with which a proxy tells who asks: the next hop gets ours.
_DROPPED = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"forwarded"),
        *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"),
        b"x-odooops-print",  # the platform's own question, which it asks an Odoo at its socket
    }
)


class BadRequest(Exception):
    """The client sent bytes that are no request for an environment."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """A request's head."""

    method: str
    target: str
    version: str  # 1.0 or 1.1
    authority: str  # host and port, as the client has them in its address
    fields: Sequence[tuple[bytes, bytes]]
    ends: tuple[Place, Place] | None = None  # of the connection: who asks, and we

    @property
    def host(self) -> str:
        """Return the name under which the client asks, without its port."""
        host, _, port = self.authority.rpartition(":")
        return (host if host and port.isdigit() else self.authority).lower()

    @property
    def wants_websocket(self) -> bool:
        """Return whether the client wants to go on in another protocol, as Odoo's bus does."""
        return self.version == "1.1" and (self.field(b"upgrade") or "").lower() == "websocket"

    @property
    def is_for_bus(self) -> bool:
        """Return whether the request is one of Odoo's bus, whose answers may take as long as a page is open."""
        return self.target.startswith(("/websocket", "/longpolling/"))

    def field(self, name: bytes) -> str | None:
        """Return the last value of the field: the nearest proxy's."""
        values = [value for key, value in self.fields if key.lower() == name]
        return values[-1].decode("latin-1") if values else None

    def forwarded(self, told: Mapping[str, str]) -> bytes:
        """Return the head for an Odoo, with these fields of ours.

        A connection carries one request: the next one of a proxy may be meant for another environment.
        """
        hop = {"Upgrade": "websocket", "Connection": "Upgrade"} if self.wants_websocket else {"Connection": "close"}
        # A field with an underscore reads like one with a dash to a WSGI application.
        lines = [b"%b: %b" % each for each in self.fields if each[0].lower() not in _DROPPED and b"_" not in each[0]]
        ours = "\r\n".join(f"{key}: {value}" for key, value in {**told, **hop}.items())
        first = f"{self.method} {self.target} HTTP/{self.version}"
        return b"\r\n".join((first.encode("latin-1"), *lines, ours.encode("latin-1"))) + b"\r\n\r\n"


class RequestReader:
    """Reads one request from the bytes of a connection: its head, then its body; what follows is not read."""

    def __init__(self) -> None:
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
        self._is_chunked = False
        self._keeps_rest = False
        self._has_ended = False

    def feed(self, data: bytes) -> Head | None:
        """Return the head; None while it is incomplete.

        Raises:
            BadRequest: this is no request of HTTP/1, it names no host, or another one than its address, or it is not
                clear where it ends.
        """
        self._connection.receive_data(data)
        event = self._event()
        if not isinstance(event, h11.Request):
            return None
        head = _head(event)
        named = {name for name, _ in event.headers}
        self._is_chunked, self._keeps_rest = b"transfer-encoding" in named, head.wants_websocket
        if self._is_chunked and (b"content-length" in named or head.version == "1.0"):
            raise BadRequest("it says twice where it ends")
        return head

    def body(self, data: bytes = b"") -> bytes:
        """Return what the Odoo gets of the request's body, as far as it came.

        Raises:
            BadRequest: this is no body of HTTP/1.
        """
        if self._has_ended and not self._keeps_rest:
            return b""
        if data:
            self._connection.receive_data(data)
        passed = b"".join(self._pieces())
        if self._has_ended and len(self.rest) > LARGEST_HEAD:
            raise BadRequest("it goes on before it is allowed to")
        return passed

    @property
    def rest(self) -> bytes:
        """Return what came after the request: what is meant for the protocol that both may go on with."""
        return self._connection.trailing_data[0]

    def _pieces(self) -> Iterator[bytes]:
        while not self._has_ended:
            event = self._event()
            if isinstance(event, h11.Data):
                yield chunk(event.data) if self._is_chunked else event.data
            elif isinstance(event, h11.EndOfMessage):
                self._has_ended = True
                if self._is_chunked:
                    yield LAST_CHUNK
            else:
                return

    def _event(self) -> object:
        try:
            return self._connection.next_event()
        except h11.RemoteProtocolError as exc:
            raise BadRequest(str(exc)) from exc


def chunk(data: bytes) -> bytes:
    """Return the bytes as one chunk of a body whose length nobody said."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _head(event: h11.Request) -> Head:
    target, method = event.target.decode("latin-1"), event.method.decode("latin-1")
    version = event.http_version.decode("ascii")
    if version not in _VERSIONS:
        raise BadRequest(f"HTTP/{version} is not spoken here")
    if not target.startswith("/") or method == "CONNECT":
        raise BadRequest(f"an address begins with a slash, not {target[:40]!r}")
    named = [value for key, value in event.headers if key == b"host"]
    return Head(
        method=method,
        target=target,
        version=version,
        authority=named[0].decode("latin-1") if named else "",
        fields=event.headers.raw_items(),
    )
