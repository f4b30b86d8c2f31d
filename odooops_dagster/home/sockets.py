"""The sockets of the platform's programs; the kernel limits the length of a socket's path."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from odooops_dagster.errors import Unavailable
from odooops_dagster.home.contents import StateEntry

# The kernel allows 107 bytes for a socket's path, and supervisord appends a process id while it binds.
LONGEST_SOCKET_PATH = 95
# The folders below run/ that have sockets in them; each is shown to other programs.
_FOLDERS = ("code", "forks", "hosts", "front", "egress", "catcher")
_OPEN = "open.json"
_WANTED = "wanted"


def code_socket(home: Path) -> Path:
    """Return the code server's socket, in a folder that the programs that ask it see."""
    return _in_folder(home, "code", "code.sock")


def fork_socket(home: Path) -> Path:
    """Return the socket of the program that forks the runs, in a folder that only the platform's account may enter."""
    return _in_folder(home, "forks", "fork.sock")


def supervisor_socket(home: Path) -> Path:
    """Return the socket of the platform's supervisor."""
    return _below_run(home, "supervisor.sock")


def environment_socket(home: Path, label: str) -> Path:
    """Return the socket of the Odoo that answers for the environment with this label."""
    return _in_folder(home, "hosts", f"{_short_name(label)}.sock")


def environment_sockets(home: Path) -> Path:
    """Return the folder that the router sees: the sockets of the environments and of their candidates, and notices."""
    return environment_socket(home, "any").parent


def environment_notice(home: Path, label: str) -> Path:
    """Return the file that tells the router how to answer for the environment, where requests do not just pass."""
    return environment_socket(home, label).with_suffix(".json")


def open_environments_file(home: Path) -> Path:
    """Return the file with the host labels of the environments that the router opens to everybody."""
    return environment_sockets(home) / _OPEN


def candidate_socket(home: Path, service: str) -> Path:
    """Return the socket of a candidate, which answers for its environment while the service is replaced."""
    return environment_sockets(home) / f"c{_short_name(service)}.sock"


def bus_socket(socket: Path) -> Path:
    """Return the socket of the process that keeps the bus of the Odoo at a socket, where several processes serve."""
    return socket.with_suffix(".bus")


def front_socket(home: Path) -> Path:
    """Return the socket at which the router answers the platform, in the folder in which it may write."""
    return _in_folder(home, "front", "front.sock")


def egress_socket(home: Path) -> Path:
    """Return the socket at which the platform tells the proxy what environments may reach, in the proxy's folder."""
    return _in_folder(home, "egress", "feed.sock")


def catcher_socket(home: Path) -> Path:
    """Return the socket at which the catcher is handed the outlets of environments, in the catcher's folder."""
    return _in_folder(home, "catcher", "feed.sock")


def wanted_folder(home: Path) -> Path:
    """Return the folder with an empty file for each sleeping environment that was asked for, named by its label."""
    return front_socket(home).parent / _WANTED


def trial_socket(home: Path, service: str) -> Path:
    """Return the socket of a service that nobody is led to: the Odoo of a drill."""
    return _below_run(home, f"trial-{_short_name(service)}.sock")


def services_socket(services: Path) -> Path:
    """Return the socket of the supervisor of the environments' services, from their folder."""
    return _short(services / "supervisor.sock", substitute=lambda: _private("odooops") / f"{_digest(services)}.sock")


def substitute_folders(home: Path) -> list[Path]:
    """Return the folders below /tmp in which this state folder's sockets lie if its own path is too long.

    The folder of `services_socket` is not among them: all of an account's state folders share it.
    """
    return [_substitute(home), *(_substitute(home, folder) for folder in _FOLDERS)]


def remove_substitutes(home: Path) -> None:
    """Remove what a stopped platform left below /tmp: sockets on which nobody listens, and folders without anything.

    A folder stays with the notices of environments that sleep, and with the sockets of containers. Call it while the
    stack's lock is held: a starting platform makes its folders before it uses them.
    """
    for folder in substitute_folders(home):
        with suppress(OSError):  # it is not there, or something in it is used
            if _is_private(folder):
                _clear(folder)
                folder.rmdir()


def _clear(folder: Path) -> None:
    """Remove dead sockets, the empty folder of the router's marks, and the file that every start writes again."""
    for entry in folder.iterdir():
        if entry.name == _OPEN or _is_dead_socket(entry):
            entry.unlink()
        elif entry.name == _WANTED:
            entry.rmdir()


def _is_dead_socket(path: Path) -> bool:
    """Return whether it is a socket on which nobody listens, whatever its type is."""
    if not stat.S_ISSOCK(path.lstat().st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return False


def _below_run(home: Path, name: str) -> Path:
    return _short(home / StateEntry.RUN / name, substitute=lambda: _substitute(home) / name)


def _in_folder(home: Path, folder: str, name: str) -> Path:
    return _short(home / StateEntry.RUN / folder / name, substitute=lambda: _substitute(home, folder) / name)


def _short(path: Path, *, substitute: Callable[[], Path]) -> Path:
    """Return the path, or the substitute in a private folder below /tmp if the path is too long.

    Raises:
        Unavailable: the private folder belongs to someone else.
    """
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    place = substitute()
    folder = place.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_private(folder):
        raise Unavailable(
            f"{folder} belongs to someone else", hint="name a state folder with a shorter path in ODOOOPS_HOME"
        )
    return place


def _is_private(folder: Path) -> bool:
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _substitute(home: Path, *folder: str) -> Path:
    return _private("-".join(("odooops", *folder)), _digest(home))


def _private(program: str, *digest: str) -> Path:
    return Path(tempfile.gettempdir()) / "-".join((program, str(os.geteuid()), *digest))


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _short_name(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]
