"""Tell the platform what this Odoo tries to reach, with the module and the scheduled action that try.

An audit hook (PEP 578) sends a datagram for each attempt, and tries again for a while if nobody takes it: it holds
nothing up, breaks nothing, and enforces nothing. All code that runs here can send such a datagram, or end the hook's
work: what is told is the word of this environment. Odoo's Python runs this file, so that it imports the standard
library alone.
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

# The name of the datagram socket in the folder that the platform names.
SOCKET = "attempts"
# One attempt raises up to three events, in this order; a later one only says more of it.
ASKED, LOOKED_UP, CONNECTED = range(3)
_ONE_ATTEMPT_SECONDS = 60.0
_FRAMES = 300
_ADDONS = "odoo.addons."
# What another module sends goes through these: they are named only where no other one is on the stack.
_CARRIERS = ("base", "web", "mail")
_CRONS = "odoo.addons.base.models.ir_cron"
_SPOKEN = {"smtplib": "smtp", "http.client": "http", "urllib3.connection": "http"}
# Requests to the proxy of which is known who sent them; each is forgotten when it has been led on.
_MOST_ASKED = 200
_LONGEST_LINE = 2048
# No host has a longer one (RFC 1035, section 2.3.4); a longer datagram is refused by the kernel.
_LONGEST_NAME = 255
_INTERNET = (socket.AF_INET, socket.AF_INET6)


class Attempts:
    """The hook; `send` takes what is told, `own_ports` are those of this Odoo on its own loopback.

    What is asked of the platform's proxy is told by the proxy; `asker` says who asked it.
    """

    def __init__(self, send: Callable[[bytes], None], own_ports: frozenset[int]) -> None:
        self._asked: dict[bytes, dict[str, str | None]] = {}
        self._send_told = send
        self._own_ports = own_ports
        self._own_names = frozenset({"localhost", socket.gethostname()})
        self._thread = threading.local()
        self._handlers: dict[str, Callable[..., None]] = {
            "smtplib.connect": self._ask,
            "http.client.connect": self._ask,
            "http.client.send": self._note,
            "socket.getaddrinfo": self._look_up,
            "socket.gethostbyname": self._look_up_name,
            "socket.connect": self._connect,
            "socket.sendto": self._send,
            "socket.sendmsg": self._send,
        }

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Tell of the event if it is an attempt; an exception would forbid it."""
        handler = self._handlers.get(event)
        if handler is not None:
            try:  # noqa: SIM105 - the program's work goes on, whatever happens to ours, and soon
                handler(*arguments)
            except Exception:  # noqa: BLE001, S110 - as above
                pass

    def _ask(self, client: object, host: str, port: int) -> None:
        # urllib3 raises the event after it has connected; its own connection was told of.
        if type(client).__module__ != "urllib3.connection" and not self._is_own(host, int(port)):
            self._tell(ASKED, host, int(port), "tcp")

    def _note(self, client: Any, data: object) -> None:  # noqa: ANN401 - of http.client or of a library like it
        if isinstance(data, bytes) and _is_proxy(client.port):
            line = _line(data)
            if line.startswith(b"CONNECT ") or b" http://" in line:  # what goes through a tunnel is sent here too
                if len(self._asked) >= _MOST_ASKED:
                    self._asked.clear()
                self._asked[line] = _on_the_stack(sys._getframe(2), "http")  # noqa: SLF001 - as below

    def asker(self, head: bytes) -> dict[str, str | None] | None:
        """Return who sent the proxy a request with this head, the last one if there were several; None if unknown."""
        return self._asked.pop(_line(head), None)

    def _look_up(self, host: Any, port: Any, *_kind: object) -> None:  # noqa: ANN401 - what a program passes
        name = host.decode() if isinstance(host, bytes) else host
        number = int(port) if str(port).isdigit() else _port_of(port)
        if name and _address(name) is None and not self._is_own(name, number):
            self._tell(LOOKED_UP, name, number, "tcp" if number else "dns")

    def _look_up_name(self, host: str) -> None:
        self._look_up(host, None)

    def _connect(self, sock: socket.socket, address: Any) -> None:  # noqa: ANN401 - of any family
        if sock.family in _INTERNET and not self._is_own(address[0], address[1]):
            self._tell(CONNECTED, address[0], address[1], "udp" if sock.type == socket.SOCK_DGRAM else "tcp")

    def _send(self, sock: socket.socket, address: Any) -> None:  # noqa: ANN401 - of any family
        if address and sock.family in _INTERNET:
            self._tell(CONNECTED, address[0], address[1], "udp")

    def _is_own(self, host: str, port: int | None) -> bool:
        """Return whether it is this Odoo itself, whose name need not be looked up anywhere."""
        if host in self._own_names or host.endswith(".localhost"):
            return port is None or port in self._own_ports
        found = _address(host)
        return found is not None and found.is_loopback and (port in self._own_ports or _is_proxy(port))

    def _tell(self, rank: int, host: str, port: int | None, protocol: str) -> None:
        address = _address(host)
        last: _Attempt | None = getattr(self._thread, "last", None)
        is_new = last is None or not last.goes_on(rank, host, port)
        if last is None or is_new:
            seen = _on_the_stack(sys._getframe(3), protocol)  # noqa: SLF001 - the documented way to a caller's frame
            last = self._thread.last = _Attempt(host, port, seen)
        last.reach(rank, address)
        told = {
            "destination": last.host[:_LONGEST_NAME],
            "port": port,
            "address": str(address) if address else None,
            "attempts": int(is_new),
            **last.told,
        }
        self._send_told(json.dumps(told).encode())


class _Attempt:
    """The attempt that a thread made last."""

    def __init__(self, host: str, port: int | None, told: dict[str, str | None]) -> None:
        self.host = host
        self.port = port
        self.told = told
        self._rank = -1
        self._addresses: set[object] = set()
        self._at = time.monotonic()

    def goes_on(self, rank: int, host: str, port: int | None) -> bool:
        """Return whether an event is one more of this attempt: a later step, or another address of the same name."""
        if port != self.port or time.monotonic() - self._at > _ONE_ATTEMPT_SECONDS:
            return False
        address = _address(host)
        if rank == CONNECTED and address is not None and (host == self.host or _address(self.host) is None):
            return address not in self._addresses
        return rank > self._rank and host == self.host

    def reach(self, rank: int, address: object) -> None:
        """Remember how far it came."""
        self._rank = max(rank, self._rank)
        if rank == CONNECTED and address is not None:
            self._addresses.add(address)


def _on_the_stack(frame: FrameType | None, protocol: str) -> dict[str, str | None]:
    """Return the protocol that is spoken, and the module and the scheduled action that run."""
    modules: list[str] = []
    told: dict[str, str | None] = {"protocol": protocol, "module": None, "cron": None}
    for name, at in _frames(frame):
        if protocol == "tcp" and told["protocol"] == "tcp":
            told["protocol"] = _SPOKEN.get(name, "tcp")
        if name.startswith(_ADDONS):
            modules.append(name.split(".")[2])
        if name == _CRONS and told["cron"] is None:
            told["cron"] = _cron_of(at)
    told["module"] = _sender(modules)
    return told


def _frames(frame: FrameType | None) -> Iterator[tuple[str, FrameType]]:
    for _ in range(_FRAMES):
        if frame is None:
            return
        yield str(frame.f_globals.get("__name__", "")), frame
        frame = frame.f_back


def _cron_of(frame: FrameType) -> str | None:
    """Return the name of the scheduled action that the frame runs (odoo/addons/base/models/ir_cron.py)."""
    known = frame.f_locals
    job = known.get("job")
    found = known.get("cron_name") or (job.get("cron_name") if isinstance(job, dict) else None)
    return str(found) if found else None


def _sender(modules: list[str]) -> str | None:
    """Return the innermost module that is no carrier of others' messages, else the innermost but base, else base."""
    others = [name for name in modules if name not in _CARRIERS]
    carriers = [name for name in modules if name != "base"]
    return next(iter([*others, *carriers, *modules]), None)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _port_of(service: object) -> int | None:
    """Return the port of a service that is asked for by its name."""
    try:
        return socket.getservbyname(str(service)) if service else None
    except OSError:
        return None


def _is_proxy(port: object) -> bool:
    """Return whether the port is the one that leads to the platform's proxy (way_out.py)."""
    return port is not None and str(port) == os.environ.get("ODOOOPS_PROXY_PORT")


def _line(head: bytes) -> bytes:
    """Return the first line of a request."""
    return head.partition(b"\r\n")[0][:_LONGEST_LINE]


def watch(send: Callable[[bytes], None]) -> Attempts:
    """Tell of every attempt from now on, by `send`, which may not wait."""
    ports = os.environ.get("ODOOOPS_INSIDE", "").split()
    hook = Attempts(send, frozenset(map(int, ports)))
    sys.addaudithook(hook)
    return hook
