"""Starts one program so that none of its processes outlives the caller.

A launcher runs between the caller (a run's process, or the supervisor of services) and the program. The kernel signals
it if the caller dies, it inherits every orphan of the program, and it ends them all before it ends. If the launcher
itself is killed, the kernel kills the program, and the next launcher finds the other processes by a mark in their
environment.

    python -I -S launch.py DEFINITION PARENT    a service: a JSON file, and a word of the parent's command line
    python -I -S launch.py - PID                a job: the definition comes on standard input, so that its secrets
                                                are in no argv and no file

It is started by its path, not with -m, and has few imports: it starts in about 20 ms, and its caller waits for it.
TERM and INT are passed on, with a grace period; HUP ends everything at once.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from typing import Any, NoReturn

# The environment variable that marks every process of a tree.
MARK = "ODOOOPS_LAUNCH"
# Time between TERM and KILL; Odoo needs one or two seconds to finish its requests.
GRACE_SECONDS = 10.0
# A process in an uninterruptible wait cannot be killed; after this time the launcher gives up on it.
_KILL_SECONDS = 30.0
_CANNOT_START = 127
_PASSED_ON = (signal.SIGTERM, signal.SIGINT)
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# The name of the processes between us and the programs of a sandbox.
_BWRAP = b"bwrap\n"
# The descriptor of the first inherited socket. Source: sd_listen_fds(3).
_LISTENING = 3
_BACKLOG = 128
_LINUX = sys.platform.startswith("linux")


def main(arguments: list[str]) -> NoReturn:
    """Run the program to its end, and exit with its status."""
    source, parent = arguments
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    wake = _listen()
    _bind_to_parent(parent)
    definition = _read(source)
    kill_marked(str(definition["mark"]))
    child = _spawn(definition)
    grace = float(definition.get("grace_seconds", GRACE_SECONDS))
    sandboxed = bool(definition.get("sandboxed"))
    status = _Keeper(child, wake=wake, grace=grace, sandboxed=sandboxed).keep()
    _end_as(_status_inside(status) if sandboxed else status)


def _listen() -> int:
    """Forward our signals as bytes into a pipe, and return its read end."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    return reading


def _bind_to_parent(parent: str) -> None:
    """Make the kernel send HUP when the parent dies, and exit if it is dead already."""
    if not _LINUX:
        return
    _prctl(_PR_SET_PDEATHSIG, signal.SIGHUP)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    if parent.isdigit():
        alive = os.getppid() == int(parent)
    else:
        alive = parent.encode() in _contents(f"/proc/{os.getppid()}/cmdline")
    if not alive:
        _fail("whoever asked for this program is gone")


def _read(source: str) -> dict[str, Any]:
    try:
        if source == "-":
            return dict(json.load(sys.stdin))
        with open(source, encoding="utf-8") as stream:  # noqa: PTH123 - pathlib would double our start-up time
            return dict(json.load(stream))
    except (OSError, ValueError, TypeError) as exc:
        _fail(f"cannot read the definition: {exc}")


def _spawn(definition: dict[str, Any]) -> int:
    """Start the program in its own session, to be killed when we die, and return its process id."""
    launcher = os.getpid()
    # Until the program runs, our handlers would take its signals: they wait instead.
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        return child
    try:
        os.setsid()
        if _LINUX:
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == launcher:
            _become(definition)
    except (OSError, ValueError, TypeError, KeyError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        sys.stderr.write(f"cannot start {definition.get('argv')} in {definition.get('cwd')}: {reason}\n")
        sys.stderr.flush()
    finally:  # in every case, this forked copy must not continue as a launcher
        os._exit(_CANNOT_START)


def _become(definition: dict[str, Any]) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit_memory(int(definition["memory_mb"]) * 1024 * 1024)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if definition.get("listen"):
        _inherit(_listening_at(definition["listen"]))
    os.chdir(definition["cwd"])
    argv = [str(word) for word in definition["argv"]]
    os.execvpe(argv[0], argv, {**_environment(definition), MARK: str(definition["mark"])})  # noqa: S606 - a list, no shell


def _listening_at(place: int | str) -> int:
    """Listen on a port of the machine's loopback, or on a Unix socket that only we can connect to."""
    import socket  # noqa: PLC0415 - few programs need it, and all wait for our start

    if isinstance(place, int):
        return socket.create_server(("127.0.0.1", place), backlog=_BACKLOG).detach()
    _require_own_folder(os.path.dirname(place))  # noqa: PTH120 - see _read
    if os.path.lexists(place):
        os.unlink(place)  # noqa: PTH108 - see _read
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    server.bind(place)
    os.umask(before)
    server.listen(_BACKLOG)
    return server.detach()


def _require_own_folder(folder: str) -> None:
    """Make the folder if it is gone, as one below /tmp is after a restart; refuse one of somebody else."""
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - see _read
    status = os.lstat(folder)
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise ValueError(f"{folder} belongs to someone else")


def _inherit(descriptor: int) -> None:
    """Give the socket the descriptor that sd_listen_fds(3) names."""
    os.dup2(descriptor, _LISTENING, inheritable=True)
    os.set_inheritable(_LISTENING, True)


def _environment(definition: dict[str, Any]) -> dict[str, str]:
    """Return the program's environment: the definition's, or the variables of ours that it names.

    A program with secrets gets ours, so that they are in no file.
    """
    if definition["env"] is not None:
        return dict(definition["env"])
    return {name: os.environ[name] for name in definition["inherits"] if name in os.environ}


def _limit_memory(limit: int) -> None:
    if not limit:
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


class _Keeper:
    """Waits for the program and handles signals until its process tree is gone."""

    def __init__(self, child: int, *, wake: int, grace: float, sandboxed: bool) -> None:
        self._child = child
        self._sandboxed = sandboxed
        self._wake = wake
        self._grace = grace
        self._status: int | None = None
        self._deadline: float | None = None
        self._parent = os.getppid()

    def keep(self) -> int:
        """Return the program's wait status after it and all its children have ended."""
        while self._status is None:
            self._wait()
            self._reap()
            if self._status is None and self._overdue():
                break
        self._kill_all()
        return self._status if self._status is not None else signal.SIGKILL

    def _wait(self) -> None:
        remaining = 1.0 if self._deadline is None else max(0.0, min(1.0, self._deadline - time.monotonic()))
        if not select.select([self._wake], [], [], remaining)[0]:
            return
        for number in set(os.read(self._wake, 512)):
            if number in _PASSED_ON:
                self._pass_on(signal.Signals(number))
            elif number == signal.SIGHUP:
                self._deadline = time.monotonic()

    def _pass_on(self, number: signal.Signals) -> None:
        if self._deadline is None:
            self._deadline = time.monotonic() + self._grace
        if self._sandboxed and self._pass_inside(number):
            return
        # A program that was forked just now leads no group yet.
        if not _kill(-self._child, number):
            _kill(self._child, number)

    def _pass_inside(self, number: signal.Signals) -> bool:
        """Signal the programs in the sandbox; return False if none runs yet.

        bwrap passes no signal on: it would end, and the kernel would kill the programs.
        """
        inside = [pid for pid in _descendants(self._child) if _contents(f"/proc/{pid}/comm") != _BWRAP]
        for pid in inside:
            _kill(pid, number)
        return bool(inside)

    def _overdue(self) -> bool:
        if os.getppid() != self._parent:  # for systems without a parent death signal
            return True
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._child:
                self._status = status

    def _kill_all(self) -> None:
        limit = time.monotonic() + _KILL_SECONDS
        while time.monotonic() < limit:
            _kill(-self._child, signal.SIGKILL)
            remaining = _descendants(os.getpid())
            for pid in remaining:
                _kill(pid, signal.SIGKILL)
            self._reap()
            if not remaining:
                return
            time.sleep(0.005)


def _descendants(root: int) -> list[int]:
    """Return every process below `root`; an empty list without /proc."""
    children: dict[int, list[int]] = {}
    for pid in _processes():
        # The process name in parentheses may contain any character; the parent is the second word after it.
        words = _contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        if len(words) > 1:
            children.setdefault(int(words[1]), []).append(pid)
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def kill_marked(mark: str) -> None:
    """Kill the processes that a killed launcher with the same mark left."""
    wanted = f"{MARK}={mark}".encode()
    for pid in _processes():
        if wanted in _contents(f"/proc/{pid}/environ").split(b"\0"):
            _kill(pid, signal.SIGKILL)


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - see _read
    except OSError:
        return []


def _contents(path: str) -> bytes:
    """Return the content of the file; empty if it or its process is gone."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - see _read
            return stream.read()
    except OSError:
        return b""


def _kill(pid: int, number: signal.Signals) -> bool:
    """Send the signal; return False if the process or group has ended, or is not ours."""
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, int(value), 0, 0, 0)


def _status_inside(status: int) -> int:
    """Return the wait status of the program, which bwrap reports as a shell does: 128 and the signal's number."""
    code = os.waitstatus_to_exitcode(status)
    return code - 128 if code > 128 and code - 128 < signal.NSIG else status


def _end_as(status: int) -> NoReturn:
    """Exit with the program's status, or by the signal that ended it."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    sys.exit(os.waitstatus_to_exitcode(status))


def _fail(reason: str) -> NoReturn:
    sys.stderr.write(f"launcher: {reason}\n")
    sys.exit(_CANNOT_START)


if __name__ == "__main__":
    main(sys.argv[1:])
