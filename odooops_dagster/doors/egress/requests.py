"""A request to the proxy: what is asked for, by whom, and the bytes that the next server gets.

`CONNECT host:port` asks for a tunnel; `GET http://host/path`, with any method, for one request. h11 reads both,
strictly, and writes the second one anew: what comes after a request, or within it for a program that counts
differently, goes nowhere. Sources: RFC 9110, sections 7.6.1 and 9.3.6; RFC 9112, section 3.2.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

import h11

from odooops_dagster.doors.egress.destinations import Host, authority_of, shown

LARGEST_HEAD = 64 * 1024
# The launcher tells in it which module and scheduled action ask (tools/odoo/launcher/way_out.py).
ASKER = b"x-odooops-asker"
_TARGET = re.compile(r"http://([^/?#@\\]+)((?:[/?][^#]*)?)", re.IGNORECASE)
# Fields of one hop.
_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"proxy-authenticate", b"te"),
        *(b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings", b"expect"),
    }
)
Fields = list[tuple[bytes, bytes]]


class BadRequest(Exception):
    """The client sent bytes that are no request for a proxy."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for; a tunnel has neither method nor path."""

    host: Host
    port: int
    method: str = ""
    path: str = ""
    fields: Fields
    asker: dict[str, Any]

    @property
    def is_tunnel(self) -> bool:
        """Return whether bytes are to be passed as they are."""
        return not self.method

    def head(self) -> h11.Request:
        """Return the head for the next server."""
        named = shown(self.host, None if self.port == 80 else self.port)
        fields = [(b"Host", named.encode()), *_of_all_hops(self.fields), (b"Connection", b"close")]
        return h11.Request(method=self.method, target=self.path, headers=fields)


async def read_request(connection: h11.Connection, reader: asyncio.StreamReader) -> Request:
    """Return the request.

    Raises:
        BadRequest: it is none, or could be read in two ways.
    """
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as exc:
            raise BadRequest(str(exc)) from exc
        if isinstance(event, h11.Request):
            return _request(event)
        if event is not h11.NEED_DATA:
            raise BadRequest("nothing is asked for")
        connection.receive_data(await reader.read(LARGEST_HEAD))


def answer_head(answer: h11.Response) -> h11.Response:
    """Return the head of the next server's answer for the client."""
    fields = [*_of_all_hops(answer.headers.raw_items()), (b"Connection", b"close")]
    return h11.Response(status_code=answer.status_code, reason=answer.reason, headers=fields)


def _request(event: h11.Request) -> Request:
    fields = list(event.headers.raw_items())
    kept = [each for each in fields if each[0].lower() != ASKER]
    target = event.target.decode("latin-1")
    asker = _asker(dict(event.headers).get(ASKER, b""))
    try:
        if event.method == b"CONNECT":
            host, port = authority_of(target)
            if port is None:
                raise ValueError("a tunnel goes to host:port")
            _refuse_other_host(event, host, port, default=port)
            return Request(host=host, port=port, fields=kept, asker=asker)
        found = _TARGET.fullmatch(target)
        if found is None:
            raise ValueError("ask for http://host/path, or for a tunnel: CONNECT host:port")
        host, named = authority_of(found[1])
        port = named or 80
        _refuse_other_host(event, host, port, default=80)
    except ValueError as exc:
        raise BadRequest(str(exc)) from exc
    path = found[2] if found[2].startswith("/") else f"/{found[2]}"
    return Request(host=host, port=port, method=event.method.decode(), path=path, fields=kept, asker=asker)


def _refuse_other_host(event: h11.Request, host: Host, port: int, *, default: int) -> None:
    """Refuse a request that names another host in its field than in its target.

    Raises:
        ValueError: it does.
    """
    for value in [value for key, value in event.headers if key == b"host"]:
        named, at = authority_of(value.decode("latin-1"))
        if (named, at or default) != (host, port):
            raise ValueError("the field Host names another host than the request")


def _of_all_hops(fields: Fields) -> Fields:
    listed = [value for key, value in fields if key.lower() == b"connection"]
    dropped = {name.strip().lower() for value in listed for name in value.split(b",")}
    return [(key, value) for key, value in fields if key.lower() not in dropped | _HOP | {b"host"}]


def _asker(field: bytes) -> dict[str, Any]:
    try:
        told = json.loads(field)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
