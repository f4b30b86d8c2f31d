"""Who answers a request: an environment, by the host name that the request was sent to, or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.doors.router.head import Head
from odooops_dagster.home import environment_socket, label_of_host, url_of_label
from odooops_dagster.settings import Settings

HEALTH = "/healthz"
# Names of the machine itself, under which no environment answers: all of them would share what a browser keeps of it.
_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, kw_only=True)
class Passage:
    """The socket of the Odoo that answers, and the head that it gets."""

    socket: Path
    head: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of our own."""

    status: int
    text: str
    location: str | None = None

    def encoded(self) -> bytes:
        """Return the bytes of the answer; nobody keeps it."""
        body = f"{self.text}\n".encode()
        lines = [
            f"HTTP/1.1 {self.status} {_PHRASES[self.status]}",
            "Content-Type: text/plain; charset=utf-8",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            "Connection: close",
        ]
        lines += [] if self.location is None else [f"Location: {self.location}"]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


_PHRASES = {
    200: "OK",
    307: "Temporary Redirect",
    400: "Bad Request",
    408: "Request Timeout",
    421: "Misdirected Request",
    503: "Service Unavailable",
}


def route(settings: Settings, head: Head, *, client: str) -> Passage | Answer:
    """Return who answers on the port of all environments.

    Args:
        settings: the platform's settings.
        head: the request.
        client: the address from which the request came: the browser's, or the proxy's.
    """
    if head.host in _MACHINE and head.target == HEALTH:
        return Answer(status=200, text="ok")
    label = label_of_host(settings, head.host)
    if label is None:
        return _misdirected(head)
    return _passage(settings, head, label, _told(head, client=client))


def route_former_port(settings: Settings, head: Head, label: str) -> Passage | Answer:
    """Return who answers on the port that the environment had before it had a host name.

    Browsers are led to the host name. A proxy that was told of the port still gets through, and is believed as before.
    It is known by a field that no page can make a browser send: the browser asks first, and gets no permission here.
    """
    forwarded_for = head.field(b"x-forwarded-for")
    if forwarded_for is not None and not _is_below_localhost(head):
        told = {
            "X-Forwarded-For": forwarded_for,
            "X-Forwarded-Host": head.field(b"x-forwarded-host") or head.authority,
            "X-Forwarded-Proto": head.field(b"x-forwarded-proto") or "http",
        }
        return _passage(settings, head, label, told)
    if head.host in _MACHINE or label_of_host(settings, head.host) == label:
        place = f"{url_of_label(settings, label).rstrip('/')}{head.target}"
        return Answer(status=307, text=f"this environment is at {place}", location=place)
    return _misdirected(head)


def unavailable(head: Head) -> Answer:
    """Return the answer for an environment whose Odoo does not run."""
    return Answer(status=503, text=f"{head.host} does not run now: ops env list")


def _passage(settings: Settings, head: Head, label: str, told: Mapping[str, str]) -> Passage | Answer:
    socket = environment_socket(settings.home, label)
    if not socket.exists():
        return _misdirected(head)
    return Passage(socket=socket, head=head.forwarded(told))


def _told(head: Head, *, client: str) -> dict[str, str]:
    """Return the fields that tell Odoo who asks for which URL; what a client of this machine says of itself is dropped.

    Every other name leads to a proxy, which knows the client.
    """
    if _is_below_localhost(head):
        return {"X-Forwarded-For": client, "X-Forwarded-Host": head.authority, "X-Forwarded-Proto": "http"}
    return {
        "X-Forwarded-For": head.field(b"x-forwarded-for") or client,
        "X-Forwarded-Host": head.authority,
        "X-Forwarded-Proto": head.field(b"x-forwarded-proto") or "https",
    }


def _is_below_localhost(head: Head) -> bool:
    return head.host.removesuffix(".").endswith(".localhost")


def _misdirected(head: Head) -> Answer:
    named = head.host or "a request without host"
    return Answer(status=421, text=f"no environment answers for {named}: ops env list shows the URLs")
