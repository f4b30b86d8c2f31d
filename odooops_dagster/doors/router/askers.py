"""Whose program asks: the account of the socket at the other end of a connection on this machine.

Sandboxed code that has the machine's network (pip, production's Odoo) is no person at this machine. Where the platform
is root such code has accounts of its own; in the router's namespace of users every other account is one and the same.
Source of the question: sock_diag(7), for one socket; a list of all of them is long where many were just closed.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct

Place = tuple[str, int]  # address and port

_SOCK_DIAG_BY_FAMILY, _REQUEST, _NETLINK_SOCK_DIAG = 20, 1, 4
_ALL_STATES, _NO_COOKIE = 0xFFFFFFFF, 0xFFFFFFFF
_HEADER = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBBBI")
_PORTS = struct.Struct("!HH")
_REST = struct.Struct("=III")
# After the header: family, state, timer, retransmissions, and 48 bytes that tell the socket; then expiry, two queues.
_ANSWER = struct.Struct("=BBBB48sIIIII")
_SECONDS = 1.0


def is_the_platforms(peer: Place, own: Place) -> bool:
    """Return whether the program at the other end runs as the account of this one.

    Where the machine does not say, an account other than root has no others to tell apart: its sandboxes are itself.
    """
    try:
        return account(peer, own) == os.geteuid()
    except OSError:
        return os.geteuid() != 0


def account(peer: Place, own: Place) -> int | None:
    """Return the account that made the socket; None if it is closed, for then the kernel says that it is root's."""
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    source, target = (ipaddress.ip_address(place[0].partition("%")[0]).packed.ljust(16, b"\0") for place in (peer, own))
    question = (
        _QUESTION.pack(family, socket.IPPROTO_TCP, 0, 0, _ALL_STATES)
        + (_PORTS.pack(peer[1], own[1]) + source + target)
        + _REST.pack(0, _NO_COOKIE, _NO_COOKIE)
    )
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as asked:
        asked.settimeout(_SECONDS)
        asked.sendto(
            _HEADER.pack(_HEADER.size + len(question), _SOCK_DIAG_BY_FAMILY, _REQUEST, 1, 0) + question, (0, 0)
        )
        answer = asked.recv(8192)
    if _HEADER.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
        code = -struct.unpack_from("=i", answer, _HEADER.size)[0]
        raise OSError(code, os.strerror(code))
    *_, uid, inode = _ANSWER.unpack_from(answer, _HEADER.size)
    return int(uid) if inode else None
