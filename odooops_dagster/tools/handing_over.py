"""The lines to the programs that speak with environments, the proxy and the catcher: they make no socket themselves.

The platform makes the sockets of each environment, in a folder that the environment sees and the program does not, and
hands them over as open descriptors. So a program that was taken over has no folder of an environment in which it could
leave a link. One that has started anew holds none, and gets new ones.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from odooops_dagster.plain_log import get_logger

log = get_logger(__name__)
_SECONDS = 2.0
_LARGEST_ANSWER = 256 * 1024
_MOST_HELD = 100_000
_BACKLOG = 16
_ID = re.compile("[0-9a-f]{32}")
Rules = Mapping[str, Any]


def hand_over(
    place: Path, wanted: Mapping[UUID, Rules], *, sockets: Callable[[UUID], Sequence[socket.socket]]
) -> int | None:
    """Give the program what it is to know of every environment, and return of how many it was told anew.

    None if it does not answer. An environment that cannot be served is left out, and holds up no other one.

    Args:
        place: the program's socket for the platform.
        wanted: what holds for each environment; the program lets go of every other one.
        sockets: makes those of an environment that the program does not hold.
    """
    digests = {each.hex: _digest(rules) for each, rules in wanted.items()}
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.settimeout(_SECONDS)
            line.connect(str(place))
            held = _held(line)
            changed = [each for each in wanted if held.get(each.hex) != digests[each.hex]]
            # What is taken away first: whatever stands in the way of a new socket holds that up no more.
            for name in held.keys() - digests.keys():
                _send(line, {"environment": name, "rules": None}, [])
            served = 0
            for each in sorted(changed, key=lambda each: each.hex not in held):
                message = {"environment": each.hex, "rules": dict(wanted[each]), "digest": digests[each.hex]}
                try:
                    made = [] if each.hex in held else sockets(each)
                except OSError as exc:
                    log.warning("no_socket_for_environment", environment=str(each), reason=str(exc))
                    continue
                served += _send(line, message, made)
            return served
    except (OSError, ValueError):
        return None


def listening_in(folder: Path, names: Mapping[str, socket.SocketKind]) -> list[socket.socket]:
    """Return sockets with these names in the folder, in the place of those whose program is gone.

    Raises:
        OSError: the folder is a link, or no socket can be made in it.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with ExitStack() as undo:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        undo.callback(os.close, place)
        made: list[socket.socket] = []
        with ExitStack() as unmade:
            for name, kind in names.items():
                made.append(unmade.enter_context(_bound(place, name, kind)))
            unmade.pop_all()
        return made


def _bound(place: int, name: str, kind: socket.SocketKind) -> socket.socket:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=place)
    made = socket.socket(socket.AF_UNIX, kind)
    try:
        # By the folder's descriptor: a socket's path may have no more than 107 bytes.
        made.bind(f"/proc/self/fd/{place}/{name}")
        # The environment's account is another one; it alone sees the folder.
        Path(f"/proc/self/fd/{place}/{name}").chmod(0o666)
        if kind is socket.SOCK_STREAM:
            made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _held(line: socket.socket) -> dict[str, str]:
    """Return what the program says that it has; what cannot be so is dropped."""
    held: dict[str, str] = {}
    while len(held) < _MOST_HELD:
        told = json.loads(line.recv(_LARGEST_ANSWER))
        if not isinstance(told, dict) or not told:
            break
        held |= {name: str(digest) for name, digest in told.items() if _ID.fullmatch(name)}
    return held


def _send(line: socket.socket, message: Rules, sockets: Sequence[socket.socket]) -> bool:
    """Send a message, and return whether it is small enough for the line."""
    try:
        socket.send_fds(line, [json.dumps(message).encode()], [each.fileno() for each in sockets])
    except OSError as exc:
        if exc.errno != errno.EMSGSIZE:
            raise
        log.warning("rules_are_too_long", environment=message["environment"])
        return False
    else:
        return True
    finally:
        for each in sockets:
            each.close()


def _digest(rules: Rules) -> str:
    return hashlib.sha256(json.dumps(dict(rules), sort_keys=True).encode()).hexdigest()
