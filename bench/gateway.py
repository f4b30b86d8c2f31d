"""A gateway in a process of its own, as the stack runs it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from odooops_dagster.local.ports import free_port

_PATIENCE_SECONDS = 60.0


@contextmanager
def running_gateway(url: str, **settings: str) -> Iterator[int]:
    """Run one process of the gateway over the database with this owner's URL, and yield its port.

    Args:
        url: the owner's URL of the database.
        settings: further variables of its environment.
    """
    port = free_port()
    argv = (
        *(sys.executable, "-m", "uvicorn", "odooops_dagster.doors.http.app:create_app", "--factory"),
        *("--host", "127.0.0.1", "--port", str(port), "--no-server-header", "--log-level", "info"),
    )
    with tempfile.TemporaryDirectory(prefix="odooops-bench-") as home:
        given = {"ODOOOPS_HOME": home, "ODOOOPS_DATABASE_URL": url, "ODOOOPS_GATEWAY_DATABASE_URL": url}
        process = subprocess.Popen(
            argv, env={**os.environ, **given, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not _accepts(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("the gateway does not start")
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            process.wait()


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
