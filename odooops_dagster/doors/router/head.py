"""The head of a request: what a client asked under which name, and the bytes that the environment's Odoo gets.

Source of the rules: RFC 9110, section 7 (routing and hop-by-hop fields), and RFC 9112, section 3 (request line, Host).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import h11

# Odoo itself reads lines of up to 64 KiB; a head with cookies and a long address has some ten.
LARGEST_HEAD = 64 * 1024
_VERSIONS = frozenset({"1.0", "1.1"})
# Fields of one hop, and those with which a proxy tells who asks: the next hop gets ours.
_DROPPED = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"forwarded"),
        *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"),
    }
)


class BadRequest(Exception):
    """What was sent is no request that an environment may get."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """A request's head; `rest` is what came after it."""

    method: str
    target: str
    version: str  # 1.0 or 1.1
    authority: str  # host and port, as the client has them in its address
    fields: Sequence[tuple[bytes, bytes]]
    rest: bytes

    @property
    def host(self) -> str:
        """Return the name under which the client asks, without its port."""
        host, _, port = self.authority.rpartition(":")
        return (host if host and port.isdigit() else self.authority).lower()

    def field(self, name: bytes) -> str | None:
        """Return the last value of the field: the nearest proxy's."""
        values = [value for key, value in self.fields if key.lower() == name]
        return values[-1].decode("latin-1") if values else None

    def forwarded(self, told: Mapping[str, str]) -> bytes:
        """Return the head for an Odoo, with these fields of ours.

        A connection carries one request: the next one of a proxy may be meant for another environment.
        """
        wants_websocket = (self.field(b"upgrade") or "").lower() == "websocket"
        hop = {"Upgrade": "websocket", "Connection": "Upgrade"} if wants_websocket else {"Connection": "close"}
        # A field with an underscore reads like one with a dash to a WSGI application.
        kept = [(key, value) for key, value in self.fields if key.lower() not in _DROPPED and b"_" not in key]
        ours = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in {**told, **hop}.items()]
        lines = [f"{self.method} {self.target} HTTP/{self.version}".encode("latin-1")]
        lines += [key + b": " + value for key, value in (*kept, *ours)]
        return b"\r\n".join(lines) + b"\r\n\r\n"


class HeadReader:
    """Reads one head from the bytes of a connection."""

    def __init__(self) -> None:
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)

    def feed(self, data: bytes) -> Head | None:
        """Return the head; None while it is incomplete.

        Raises:
            BadRequest: this is no request of HTTP/1, or it names no host, or another one than its address.
        """
        self._connection.receive_data(data)
        try:
            event = self._connection.next_event()
        except h11.RemoteProtocolError as exc:
            raise BadRequest(str(exc)) from exc
        if not isinstance(event, h11.Request):
            return None
        target = event.target.decode("latin-1")
        version = event.http_version.decode("ascii")
        if version not in _VERSIONS:
            raise BadRequest(f"HTTP/{version} is not spoken here")
        if not target.startswith("/"):
            raise BadRequest(f"an address begins with a slash, not {target[:40]!r}")
        fields = event.headers.raw_items()
        named = [value for key, value in event.headers if key == b"host"]
        return Head(
            method=event.method.decode("latin-1"),
            target=target,
            version=version,
            authority=named[0].decode("latin-1") if named else "",
            fields=fields,
            rest=self._connection.trailing_data[0],
        )
