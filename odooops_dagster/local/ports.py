"""Finds free ports, and the program that listens on a taken one."""

from __future__ import annotations

import random
import socket

import psutil

# Below Linux's port range for outgoing connections, so that no connection occupies a port that we keep.
FIRST, LAST = 20000, 32000


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port on which nothing listens now."""
    for port in random.sample(range(FIRST, LAST), 200):
        if is_free(port, host=host):
            return port
    raise OSError("no free port")


def is_free(port: int, *, host: str = "127.0.0.1") -> bool:
    """Return whether this process could listen on the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def holder(port: int) -> str:
    """Return a readable name of the program that listens on the port, as far as our rights allow."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "another program"
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr[1] == port:
            return _describe(connection.pid)
    return "another program"


def _describe(pid: int | None) -> str:
    if pid is None:
        return "another user's program"
    try:
        return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return f"process {pid}"
