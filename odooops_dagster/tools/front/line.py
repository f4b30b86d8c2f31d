"""The line to the router: one question and one answer in JSON at its socket, and the marks of what is wanted."""

from __future__ import annotations

import json
import math
import re
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from odooops_dagster.home import front_socket, wanted_folder

# How long requests may take that an Odoo works on when it is replaced or stopped.
DRAIN_SECONDS = 30.0
_ANSWER_SECONDS = 2.0
_LARGEST_ANSWER = 4 * 1024**2
# More than that nobody asks for at once; the rest is for the next look.
_MOST_WANTED = 200
_LABEL = re.compile(r"[a-z0-9-]{1,63}")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """When environments were last asked for, in seconds since 1970 by host label, and since when that is watched."""

    since: datetime
    at: Mapping[str, float]


def drain(home: Path, place: Path, *, seconds: float = DRAIN_SECONDS) -> int:
    """Wait until no request is at work at the socket, and return how many still are after these seconds.

    Without a router nobody leads requests there.
    """
    answer = _ask(home, {"do": "drain", "socket": place.name, "seconds": seconds}, within=seconds + _ANSWER_SECONDS)
    return int(answer.get("at_work") or 0)


def asked(home: Path) -> Asked | None:
    """Return what was asked for; None if the router does not answer. What it says is believed as far as it can be."""
    answer = _ask(home, {"do": "asked"}, within=_ANSWER_SECONDS)
    now = time.time()
    since, told = answer.get("since"), answer.get("asked")
    if since is None or not _is_moment(since, now) or not isinstance(told, dict):
        return None
    at = {label: float(when) for label, when in told.items() if _LABEL.fullmatch(label) and _is_moment(when, now)}
    return Asked(since=datetime.fromtimestamp(float(since), UTC), at=at)


def wanted(home: Path) -> list[str]:
    """Return the host labels of sleeping environments that were asked for."""
    try:
        names = [mark.name for mark in wanted_folder(home).iterdir()]
    except FileNotFoundError:
        return []
    return [name for name in sorted(names) if _LABEL.fullmatch(name)][:_MOST_WANTED]


def forget_wanted(home: Path, labels: Sequence[str]) -> None:
    """Remove the marks, after what they want is on the record."""
    for label in labels:
        (wanted_folder(home) / label).unlink(missing_ok=True)


def _is_moment(value: object, now: float) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and 0 < value < now + 60


def _ask(home: Path, question: Mapping[str, object], *, within: float) -> dict[str, Any]:
    """Return the router's answer; an empty one if it gives none."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(within)
            line.connect(str(front_socket(home)))
            line.sendall(json.dumps(question).encode() + b"\n")
            return _answer(line)
    except (OSError, ValueError):
        return {}


def _answer(line: socket.socket) -> dict[str, Any]:
    data = b""
    while len(data) < _LARGEST_ANSWER and (more := line.recv(65536)):
        data += more
    answer = json.loads(data)
    return answer if isinstance(answer, dict) else {}
