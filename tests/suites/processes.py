"""Small programs that the runtime's suite runs, and how it looks at them."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

PYTHON = (sys.executable, "-I", "-S", "-c")

# Answers every connection to the port, or to the socket that it inherits, with a word.
ANSWER = """
import os, socket, sys
inherits = os.environ.get("LISTEN_FDS") == "1"
server = socket.socket(fileno=3) if inherits else socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("answers", sys.argv[2], flush=True)
while True:
    connection, _ = server.accept()
    connection.sendall(sys.argv[2].encode())
    connection.close()
"""

# Starts a child, and a grandchild in a session of its own; notes the process ids of all three, its own last; waits.
FAMILY = """
import os, sys, time
notes = sys.argv[1]
def note():
    with open(notes, "a") as stream:
        stream.write(f"{os.getpid()}\\n")
if os.fork() == 0:
    note()
    if os.fork() == 0:
        os.setsid()
        note()
    time.sleep(600)
while not os.path.exists(notes) or open(notes).read().count("\\n") < 2:
    time.sleep(0.01)
note()
print("family", flush=True)
time.sleep(600 if len(sys.argv) < 3 else float(sys.argv[2]))
"""


# Time limits of a job that works without end: on a busy machine the first one may be over before the job has begun.
LIMITS = (1, 5, 25)


def eventually(true: Callable[[], object], *, what: str, seconds: float = 60.0) -> None:
    """Return once it is true; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


def word_at(place: int | Path) -> str | None:
    """Return what the program on the port, or at the Unix socket, says, or None when nothing listens."""
    kind = socket.AF_UNIX if isinstance(place, Path) else socket.AF_INET
    try:
        with socket.socket(kind) as connection:
            connection.settimeout(2)
            connection.connect(str(place) if isinstance(place, Path) else ("127.0.0.1", place))
            return connection.recv(100).decode() or None
    except OSError:
        return None


def family(notes: Path) -> list[int]:
    """Return the process ids that a family noted, once all three did."""
    eventually(lambda: notes.exists() and len(notes.read_text().splitlines()) >= 3, what="a family of three")
    return [int(line) for line in notes.read_text().splitlines()]


def alive(pids: list[int]) -> list[int]:
    """Return those that still run; a zombie does not."""
    return [pid for pid in pids if _state(pid) not in (None, "Z", "X")]


def command_lines() -> str:
    """Return the arguments of every process of this machine."""
    found = Path("/proc").glob("[0-9]*/cmdline")
    return "\n".join(_read(path).replace("\0", " ") for path in found)


def _state(pid: int) -> str | None:
    status = _read(Path("/proc") / str(pid) / "stat")
    return status.rpartition(")")[2].split()[0] if status else None


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""
