"""Let an Odoo of several processes serve from the sockets that it inherits.

Its workers take people's requests from the first one, and its evented process, which keeps the websockets of Odoo's
bus open, from the second one. Odoo itself would listen on two ports. Source: odoo/service/server.py, PreforkServer and
GeventServer. Odoo's Python runs this file, so that it imports the standard library alone until it is asked for more.
"""

from __future__ import annotations

import errno
import importlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

# The descriptors of the sockets. Source: sd_listen_fds(3).
HTTP, BUS = 3, 4
# How long a client may take for one piece of a request or of an answer. Odoo's own two seconds are for a proxy that
# keeps whole requests and answers; the router passes them on as they come.
os.environ.setdefault("ODOO_HTTP_SOCKET_TIMEOUT", "120")


def is_evented() -> bool:
    """Return whether this is the evented process, which Odoo starts as `odoo-server gevent`."""
    return sys.argv[1:2] == ["gevent"]


def change_library() -> None:
    """Let gevent change Python's library, before anything uses what it changes; Odoo does so again, to no effect."""
    importlib.import_module("gevent.monkey").patch_all()


class Client(socket.socket):
    """A connection with a client; where it is none of TCP, it has no options of TCP."""

    def setsockopt(self, level: int, *arguments: Any) -> None:  # noqa: ANN401 - of any option
        """Set the option, if this connection can have it: Odoo's workers set TCP_NODELAY."""
        if level != socket.IPPROTO_TCP or self.family != socket.AF_UNIX:
            super().setsockopt(level, *arguments)


class Listening:
    """Several sockets that listen, where Odoo's workers know one: readable if somebody asks at any of them."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self.sockets = sockets
        self.any = select.epoll()
        for each in sockets:
            each.setblocking(False)
            self.any.register(each, select.EPOLLIN)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self.any.fileno()

    def setblocking(self, _is_blocking: int) -> None:
        """Never wait in `accept`: another worker may have been faster."""

    def accept(self) -> tuple[Client, Any]:
        """Return a client and its address, or raise BlockingIOError if none waits any more."""
        for each in self.sockets:
            try:
                client, address = each.accept()
            except BlockingIOError:
                continue
            return Client(fileno=client.detach()), address
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def close(self) -> None:
        """Listen no more in this process."""
        self.any.close()
        for each in self.sockets:
            each.close()


def serve_from(inside_ports: Sequence[int], wrapped: Callable[[Any], Any]) -> None:
    """Make Odoo's processes serve from the inherited sockets, and from these ports of the loopback.

    `wrapped` puts around Odoo's application what belongs there.
    """
    server = importlib.import_module("odoo.service.server")
    config = importlib.import_module("odoo.tools").config
    prefork = server.PreforkServer
    begin, start = prefork.__init__, prefork.start

    def begin_wrapped(multi: Any, app: Any) -> None:  # noqa: ANN401 - Odoo's own
        begin(multi, wrapped(app))

    def start_here(multi: Any) -> None:  # noqa: ANN401 - Odoo's own
        # Without HTTP it makes no socket of its own, and everything else.
        config["http_enable"] = False
        try:
            start(multi)
        finally:
            config["http_enable"] = True
        inside = [socket.create_server(("127.0.0.1", port)) for port in inside_ports]
        multi.socket = Listening([socket.socket(fileno=HTTP), *inside])

    def spawn_evented(multi: Any) -> None:  # noqa: ANN401 - Odoo's own
        arguments = server.stripped_sys_argv()
        command = [sys.executable, sys.argv[0], "gevent", *arguments[1:]]
        multi.long_polling_pid = subprocess.Popen(command, pass_fds=(BUS,)).pid

    prefork.__init__, prefork.start, prefork.long_polling_spawn = begin_wrapped, start_here, spawn_evented
    finish_requests(server.Worker)


def finish_requests(worker: Any) -> None:  # noqa: ANN401 - Odoo's own
    """Let a worker that is told to end answer the request at which it works; the platform tells all processes at once.

    Odoo tells its workers by INT alone, and TERM would end them in the middle.
    """
    start = worker.start

    def start_patiently(each: Any) -> None:  # noqa: ANN401 - Odoo's own
        start(each)
        signal.signal(signal.SIGTERM, each.signal_handler)

    worker.start = start_patiently


def serve_bus() -> None:
    """Make Odoo's evented process serve from the inherited socket."""
    kind = importlib.import_module("gevent.pywsgi").WSGIServer
    make_socket = importlib.import_module("gevent.socket").socket
    begin = kind.__init__

    def begin_here(server: Any, _place: Any, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - gevent's own
        # A Unix socket's clients have no address, and Odoo's log asks for one.
        begin(server, make_socket(fileno=BUS), *arguments, environ={"REMOTE_ADDR": "<local>"}, **options)

    kind.__init__ = begin_here
