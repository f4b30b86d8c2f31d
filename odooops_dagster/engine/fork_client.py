"""Asks the program that forks the runs for a process; a request ends with a process or with the certainty of none.

One line of JSON goes out and one comes back. The new process answers itself before it begins, so that the end of the
connection without an answer means that no process will work on the run.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path

# Time for the answer. A busy machine forks late; a run that starts as a new process there would be later still.
ANSWER_SECONDS = 15.0
_LONGEST_LINE = 4096


class Refused(Exception):
    """No process works on the run, and none will."""


@dataclass(frozen=True, kw_only=True)
class ForkRequest:
    """A run and the module and attribute of the definitions that it needs."""

    run_id: str
    module: str
    attribute: str

    def line(self) -> bytes:
        """Return the request as it is sent."""
        return json.dumps(vars(self)).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> ForkRequest:
        """Return the request of the line; raise ValueError if it is none."""
        fields = json.loads(line)
        if not isinstance(fields, dict) or set(fields) != {"run_id", "module", "attribute"}:
            raise ValueError("not a request")
        return cls(**{name: str(value) for name, value in fields.items()})


def ask_for_process(path: Path, request: ForkRequest, *, answer_seconds: float = ANSWER_SECONDS) -> int:
    """Return the id of the process that works on the run from now on.

    Raises:
        Refused: no process does, with the reason.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(answer_seconds)
        try:
            connection.connect(str(path))
            connection.sendall(request.line())
            answer = read_line(connection)
        except OSError as exc:
            answer = _last_answer(connection)
            if not answer:
                raise Refused(f"the program that forks runs does not answer: {exc.strerror or exc}") from exc
    return _process(answer)


def read_line(connection: socket.socket) -> bytes:
    """Return what the other side sends up to the end of the line or of the connection."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
        chunk = connection.recv(_LONGEST_LINE)
        if not chunk:
            break
        line += chunk
    return line


def _last_answer(connection: socket.socket) -> bytes:
    """Close the connection for answers, and return one that had come by then: a later one ends its process."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
        return read_line(connection)
    except OSError:
        return b""


def _process(answer: bytes) -> int:
    if not answer.endswith(b"\n"):
        raise Refused("the program that forks runs ended before it forked")
    told = json.loads(answer)
    if "pid" not in told:
        raise Refused(str(told.get("refused")))
    return int(told["pid"])
