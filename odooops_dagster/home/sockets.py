"""The sockets of the platform's programs; the kernel limits the length of a socket's path."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from odooops_dagster.errors import Unavailable
from odooops_dagster.home.paths import StateEntry

# The kernel allows 107 bytes for a socket's path, and supervisord appends a process id while it binds.
LONGEST_SOCKET_PATH = 95


def code_socket(home: Path) -> Path:
    """Return the code server's socket."""
    return _below_run(home, "code.sock")


def fork_socket(home: Path) -> Path:
    """Return the socket of the program that forks the runs, in a folder that only the platform's account may enter."""
    name = "fork.sock"
    return _short(home / StateEntry.RUN / "forks" / name, substitute=_private("odooops-forks", _digest(home)) / name)


def supervisor_socket(home: Path) -> Path:
    """Return the socket of the platform's supervisor."""
    return _below_run(home, "supervisor.sock")


def environment_socket(home: Path, label: str) -> Path:
    """Return the socket of the Odoo that answers for the environment with this label."""
    return _below_run(home, f"host-{_short_name(label)}.sock")


def trial_socket(home: Path, service: str) -> Path:
    """Return the socket of a service that has no host name: a candidate, or the Odoo of a drill."""
    return _below_run(home, f"trial-{_short_name(service)}.sock")


def services_socket(services: Path) -> Path:
    """Return the socket of the supervisor of the environments' services, from their folder."""
    return _short(services / "supervisor.sock", substitute=_private("odooops") / f"{_digest(services)}.sock")


def _below_run(home: Path, name: str) -> Path:
    return _short(home / StateEntry.RUN / name, substitute=_private("odooops", _digest(home)) / name)


def _short(path: Path, *, substitute: Path) -> Path:
    """Return the path, or the substitute in a private folder below /tmp if the path is too long.

    Raises:
        Unavailable: the private folder belongs to someone else.
    """
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    folder = substitute.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise Unavailable(
            f"{folder} belongs to someone else", hint="name a state folder with a shorter path in ODOOOPS_HOME"
        )
    return substitute


def _private(program: str, *digest: str) -> Path:
    return Path(tempfile.gettempdir()) / "-".join((program, str(os.geteuid()), *digest))


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _short_name(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]
