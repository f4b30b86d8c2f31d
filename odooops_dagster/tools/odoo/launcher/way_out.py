"""Lead this Odoo's way out to the platform's proxy: a port of its own loopback, and the variables that name it.

An environment has no network; the proxy's socket in the folder that the platform names is all there is. Programs know
proxies by variables (HTTPS_PROXY), and a proxy by an address, so that a thread here takes a port to the socket. Of each
request it adds which module and scheduled action ask, as far as this process knows: the word of this environment, as in
attempts.py. Odoo's Python runs this file, so that it imports the standard library alone.
"""

from __future__ import annotations

import json
import os
import select
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

# The name of the proxy's socket in the folder that the platform names (tools/egress_line.py).
SOCKET = "proxy"
PORT = "ODOOOPS_PROXY_PORT"
_FIELD = b"X-OdooOps-Asker: "
_HOSTS = "/etc/hosts"
_LARGEST_HEAD = 64 * 1024
_CHUNK = 64 * 1024
_HEAD_SECONDS = 10.0
_BACKLOG = 64
_CLOSED = b"the way out opens within half a minute after the platform has started"

# Returns who sent the proxy a request with this head: the names of a module and of a scheduled action, and a protocol.
Asker = Callable[[bytes], Mapping[str, str | None] | None]


def open_way(folder: str, asker: Asker) -> None:
    """Listen on a free port of the loopback for this Odoo, and name it in the environment of its programs.

    Args:
        folder: where the proxy's socket is, or will be.
        asker: who asks.
    """
    if PORT in os.environ:
        return  # an Odoo that this one started: its way leads through ours
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    listening = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
    port = listening.getsockname()[1]
    own = ",".join(("127.0.0.1", "::1", "localhost", ".localhost", *_names_of_this_machine()))
    for name in ("http_proxy", "https_proxy"):
        os.environ[name] = os.environ[name.upper()] = f"http://127.0.0.1:{port}"
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = own
    os.environ[PORT] = str(port)

    def accept() -> None:
        while True:
            with suppress(OSError):
                client = listening.accept()[0]
                threading.Thread(target=_lead, args=(client, place, asker), name="way out", daemon=True).start()

    threading.Thread(target=accept, name="way out", daemon=True).start()


def _names_of_this_machine() -> list[str]:
    """Return the names that are looked up nowhere else, such as the environment's own."""
    with suppress(OSError), open(_HOSTS) as file:  # noqa: PTH123 - as its neighbours
        return [name for line in file for name in line.partition("#")[0].split()[1:]]
    return []


def _lead(client: socket.socket, place: int, asker: Asker) -> None:
    """Lead one connection to the proxy."""
    with suppress(OSError), client, socket.socket(socket.AF_UNIX) as proxy:
        client.settimeout(_HEAD_SECONDS)
        head = _with_asker(_head(client), asker)
        try:
            proxy.connect(f"/proc/self/fd/{place}/{SOCKET}")
        except OSError:
            client.sendall(b"HTTP/1.1 503 " + _CLOSED + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        client.settimeout(None)
        proxy.sendall(head)
        _pass(client, proxy)


def _head(client: socket.socket) -> bytes:
    """Return what the client sends, until the end of the head is among it."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _LARGEST_HEAD and (part := client.recv(_CHUNK)):
        head += part
    return head


def _with_asker(head: bytes, asker: Asker) -> bytes:
    line, end, rest = head.partition(b"\r\n")
    found = asker(head)
    if not end or not found:
        return head
    return (
        line
        + end
        + _FIELD
        + json.dumps({key: found[key] for key in ("module", "cron", "protocol")}).encode()
        + end
        + rest
    )


def _pass(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways until both sides have ended; a side that does not read holds up the other one."""
    opposite = {one: other, other: one}
    reading = [one, other]
    while reading:
        for source in select.select(reading, [], [])[0]:
            data = source.recv(_CHUNK)
            if data:
                opposite[source].sendall(data)
            else:
                opposite[source].shutdown(socket.SHUT_WR)
                reading.remove(source)
