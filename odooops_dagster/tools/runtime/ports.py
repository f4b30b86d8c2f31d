"""Chooses free ports; an environment keeps its port."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection
from pathlib import Path

from odooops_dagster.errors import Unavailable

# Our ports are below the kernel's range for outgoing connections: such a connection could occupy an environment's port
# while its service restarts.
_FIRST = 20000
_USUAL_FIRST_OUTGOING = 32768
_ATTEMPTS = 1000


def free_port(host: str = "127.0.0.1", *, taken: Collection[int] = ()) -> int:
    """Return a port on which nothing listens, not in `taken`, and not returned before by this process."""
    span = _first_outgoing() - _FIRST
    for _attempt in range(_ATTEMPTS):
        port = _FIRST + secrets.randbelow(span) if span > 0 else 0
        found = _bound(host, port)
        if found is not None and found not in _given and found not in taken:
            _given.add(found)
            return found
    raise Unavailable(f"no free port on {host}", hint="destroy previews that nobody needs")


# Ports that this process returned before: two concurrent builds ask before either listens.
_given: set[int] = set()


def _bound(host: str, port: int) -> int | None:
    """Return the port if it can be bound, else None; port 0 means any port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return None
        return int(probe.getsockname()[1])


def _first_outgoing() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _USUAL_FIRST_OUTGOING
