"""An Odoo's answer: where it ends, and the bytes that the client gets of it.

The code of an environment writes the answer, and a proxy in front sends the next request of anybody over a connection
that is kept. So what ends a message is decided here and written anew, and every connection ends with its answer.
Source of the rules: RFC 9112, section 6 (where a message ends) and 9 (connections); RFC 9110, section 15.2 (1xx).
"""

from __future__ import annotations

import h11

from odooops_dagster.doors.router.head import LARGEST_HEAD, LAST_CHUNK, Head, chunk

_SWITCHED = 101
# Fields of one hop; what says where the body ends is written anew.
_DROPPED = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"upgrade", b"transfer-encoding", b"trailer"})
_WITHOUT_BODY = frozenset({204, 304})


class AnswerReader:
    """Reads one answer to the request, with what is told before it (1xx)."""

    def __init__(self, asked: Head) -> None:
        self._asked = asked
        self._is_chunked = False
        self.has_begun = False  # whether the client got something of it
        self.has_switched = False  # whether both go on in another protocol
        self.has_ended = False  # whether nothing more comes, or nothing that is an answer
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        upgrade = [(b"Upgrade", b"websocket")] if asked.wants_websocket else []
        self._connection.send(h11.Request(method=asked.method, target=b"/", headers=[(b"Host", b"odoo"), *upgrade]))
        self._connection.send(h11.EndOfMessage())

    def feed(self, data: bytes) -> bytes:
        """Return what the client gets of it; no bytes are the end of the connection."""
        self._connection.receive_data(data)
        found: list[bytes] = []
        try:
            while not self.has_ended and not self.has_switched:
                event = self._connection.next_event()
                if event is h11.NEED_DATA:
                    break
                found.append(self._passed(event))
        except h11.RemoteProtocolError:
            self.has_ended = True
        passed = b"".join(found)
        self.has_begun = self.has_begun or bool(passed)
        return passed

    def _passed(self, event: object) -> bytes:
        if isinstance(event, h11.Data):
            return chunk(event.data) if self._is_chunked else bytes(event.data)
        if isinstance(event, h11.InformationalResponse):
            return self._before(event)
        if isinstance(event, h11.Response):
            return self._head(event)
        self.has_ended = True
        return LAST_CHUNK if self._is_chunked and isinstance(event, h11.EndOfMessage) else b""

    def _before(self, event: h11.InformationalResponse) -> bytes:
        fields = [each for each in event.headers.raw_items() if each[0].lower() not in _DROPPED]
        if event.status_code == _SWITCHED:
            self.has_switched = True
            hop = [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]
            return _lines(event, [*fields, *hop]) + self._connection.trailing_data[0]
        # A client of HTTP/1.0 knows of no answer before the answer.
        return b"" if self._asked.version == "1.0" else _lines(event, fields)

    def _head(self, event: h11.Response) -> bytes:
        has_body = self._asked.method != "HEAD" and event.status_code not in _WITHOUT_BODY
        is_coded = any(name == b"transfer-encoding" for name, _ in event.headers)
        self._is_chunked = is_coded and has_body and self._asked.version == "1.1"
        fields = [each for each in event.headers.raw_items() if each[0].lower() not in _DROPPED]
        if is_coded:
            fields = [each for each in fields if each[0].lower() != b"content-length"]
        hop = [(b"Transfer-Encoding", b"chunked")] if self._is_chunked else []
        return _lines(event, [*fields, *hop, (b"Connection", b"close")])


def _lines(event: h11.InformationalResponse | h11.Response, fields: list[tuple[bytes, bytes]]) -> bytes:
    first = b"HTTP/1.1 %d %b" % (event.status_code, event.reason)
    return b"\r\n".join((first, *(b"%b: %b" % each for each in fields))) + b"\r\n\r\n"
