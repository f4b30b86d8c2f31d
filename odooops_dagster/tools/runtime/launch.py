"""Starts one program so that none of its processes outlives the caller.

A launcher runs between the caller (a run's process, or the supervisor of services) and the program. The kernel signals
it if the caller dies, it inherits every orphan of the program, and it ends them all before it ends. If the launcher
itself is killed, the kernel kills the program, and the next launcher finds the other processes by a mark in their
environment.

    python -I -S launch.py DEFINITION PARENT    a service: a JSON file, and a word of the parent's command line
    python -I -S launch.py - PID                a job: the definition comes on standard input, so that its secrets
                                                are in no argv and no file

    python -I -S launch.py SOURCE 0             the first process of a container: the kernel ends all others with it.
                                                A job's caller holds its standard input open, and is gone at its end

It is started by its path, not with -m, and has few imports: it starts in about 20 ms, and its caller waits for it.
It holds the program to its environment's share of the machine: shares.py, which is beside it.
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
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

if TYPE_CHECKING or __name__ != "__main__":
    from odooops_dagster.tools.runtime import shares
else:  # started by its path, in a Python that finds no package; last, so that no file of ours hides one of Python's
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - see _read
    import shares

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
# Above the number of any capability that a kernel may have in its 64 bits. Source: capabilities(7).
_PR_CAPBSET_DROP, _CAPABILITIES = 24, 64
# The name of the processes between us and the programs of a sandbox.
_BWRAP = b"bwrap\n"
# The descriptor of the first inherited socket. Source: sd_listen_fds(3).
_LISTENING = 3
_BACKLOG = 128
_LINUX = sys.platform.startswith("linux")
if TYPE_CHECKING:
    Become = Callable[[str, list[str], Mapping[str, str]], NoReturn]


def main(arguments: list[str], become: Become = os.execvpe) -> NoReturn:
    """Run the program to its end, and exit with its status; `become` replaces the process that is forked for it."""
    source, parent = arguments
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    wake = _listen()
    _bind_to_parent(parent)
    definition = _read(source)
    kill_marked(str(definition["mark"]))
    sandboxed = bool(definition.get("sandboxed"))
    share = shares.share_of(definition.get("share"), sandboxed=sandboxed)
    killed_before = shares.machine_kills()
    child = _spawn(definition, share, become)
    grace = float(definition.get("grace_seconds", GRACE_SECONDS))
    leashed = bool(definition.get("leashed"))
    keeper = _Keeper(child, wake=wake, grace=grace, sandboxed=sandboxed, share=share, leashed=leashed)
    status = keeper.keep()
    status = _status_inside(status) if sandboxed else status
    reason = share.leave()
    is_killed = os.WTERMSIG(status) == signal.SIGKILL and not keeper.ended_it
    # The kernel counts the programs that it ended in other environments as well.
    if not reason and is_killed and shares.machine_kills() > killed_before:
        reason = "the machine had no memory left, and its kernel ended a program"
    _tell_end(definition, reason)
    _end_as(status)


def _tell_end(definition: dict[str, Any], reason: str) -> None:
    """Say for which limit the program was ended: in its output, and in the file for who asks how it ended."""
    place = definition.get("ended_for")
    if reason:
        sys.stderr.write(f"launcher: ended: {reason}\n")
        sys.stderr.flush()
    if place and reason:
        with open(place, "w", encoding="utf-8") as stream:  # noqa: PTH123 - see _read
            stream.write(reason)


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
        alive = parent.encode() in shares.contents(f"/proc/{os.getppid()}/cmdline")
    if not alive:
        _fail("whoever asked for this program is gone")


def _read(source: str) -> dict[str, Any]:
    try:
        if source == "-":
            return dict(json.loads(sys.stdin.readline()))  # a line, as the caller may keep it open
        with open(source, encoding="utf-8") as stream:  # noqa: PTH123 - pathlib would double our start-up time
            return dict(json.load(stream))
    except (OSError, ValueError, TypeError) as exc:
        _fail(f"cannot read the definition: {exc}")


def _spawn(definition: dict[str, Any], share: shares.Share, become: Become) -> int:
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
            share.enter()
            _become(definition, become)
    except (OSError, ValueError, TypeError, KeyError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        sys.stderr.write(f"cannot start {definition.get('argv')} in {definition.get('cwd')}: {reason}\n")
        sys.stderr.flush()
    finally:  # in every case, this forked copy must not continue as a launcher
        os._exit(_CANNOT_START)


def _become(definition: dict[str, Any], become: Become) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if definition.get("input"):
        _take_input()
    else:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _inherit([_listening_at(place) for place in _places(definition)])
    if definition.get("account"):
        _give_up_root(int(definition["account"]))
    if definition.get("forbids_namespaces"):
        _forbid_namespaces()
    _limit_memory(int(definition["memory_mb"]) * 1024 * 1024)
    os.chdir(definition["cwd"])
    argv = [str(word) for word in definition["argv"]]
    become(argv[0], argv, {**_environment(definition), MARK: str(definition["mark"])})


def _take_input() -> None:
    """Read from our own input; at a terminal, be who its keys signal.

    The programs between us and the one that a person types to would end at Ctrl-C: they ignore it, and that one does
    not (see terminal.py).
    """
    if os.isatty(0):
        import fcntl  # noqa: PLC0415 - only a terminal's program needs them
        import termios  # noqa: PLC0415

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
            signal.signal(number, signal.SIG_IGN)


def _give_up_root(uid: int) -> None:
    """Become the account, without any capability, and without a way to get one back."""
    for capability in range(_CAPABILITIES):
        _prctl(_PR_CAPBSET_DROP, capability)  # it fails for those that the kernel does not know
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _forbid_namespaces() -> None:
    """Set the filter; its file is beside us in containers that ask for it, and not in those of earlier versions."""
    if TYPE_CHECKING or __name__ != "__main__":
        from odooops_dagster.tools.runtime import namespaces  # noqa: PLC0415 - see above
    else:
        import namespaces  # noqa: PLC0415 - see above
    namespaces.forbid_user_namespaces()


def _places(definition: dict[str, Any]) -> list[int | str]:
    """Return where to listen; definitions of earlier versions have one place or none."""
    places = definition.get("listen") or []
    return list(places) if isinstance(places, list) else [places]


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


def _inherit(descriptors: list[int]) -> None:
    """Give the sockets the descriptors that sd_listen_fds(3) names.

    They were opened one after another, so that none has the descriptor that one before it gets.
    """
    for wanted, descriptor in enumerate(descriptors, start=_LISTENING):
        os.dup2(descriptor, wanted, inheritable=True)
        os.set_inheritable(wanted, True)


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

    def __init__(
        self, child: int, *, wake: int, grace: float, sandboxed: bool, share: shares.Share, leashed: bool
    ) -> None:
        self._leashed = leashed
        self._child = child
        self._share = share
        self._sandboxed = sandboxed
        self._wake = wake
        self._grace = grace
        self._status: int | None = None
        self._deadline: float | None = None
        self._parent = os.getppid()
        # Whether we have ended the program, and not somebody else.
        self.ended_it = False

    def keep(self) -> int:
        """Return the program's wait status after it and all its children have ended."""
        while self._status is None:
            self._wait()
            self._reap()
            if self._status is None and (self._overdue() or self._share.look()):
                self.ended_it = True
                break
        self._kill_all()
        return self._status if self._status is not None else signal.SIGKILL

    def _wait(self) -> None:
        remaining = self._share.pause
        if self._deadline is not None:
            remaining = max(0.0, min(remaining, self._deadline - time.monotonic()))
        ready = select.select([self._wake, *([0] if self._leashed else [])], [], [], remaining)[0]
        if 0 in ready and not os.read(0, 512):
            self._leashed = False
            self._deadline = time.monotonic()  # the caller is gone
        if self._wake not in ready:
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
        family = [self._child, *_descendants(self._child)]  # a program that entered its sandbox has no bwrap above it
        inside = [pid for pid in family if shares.contents(f"/proc/{pid}/comm") != _BWRAP]
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
        words = shares.contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
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
        if wanted in shares.contents(f"/proc/{pid}/environ").split(b"\0"):
            _kill(pid, signal.SIGKILL)


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - see _read
    except OSError:
        return []


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
    code = os.waitstatus_to_exitcode(status)
    # No signal of its own ends the first process of a container: it tells as a shell does. Source: pid_namespaces(7).
    sys.exit(code if code >= 0 else 128 - code)


def _fail(reason: str) -> NoReturn:
    sys.stderr.write(f"launcher: {reason}\n")
    sys.exit(_CANNOT_START)


if __name__ == "__main__":
    main(sys.argv[1:])
