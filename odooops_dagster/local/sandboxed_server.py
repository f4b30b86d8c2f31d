"""Runs a PostgreSQL server in its sandbox, and does what bwrap and PostgreSQL cannot do there.

    sandboxed_server.py LOCK COMMAND...

bwrap passes no signal on: it would end, and the kernel would kill the server. PostgreSQL knows a server of the same
files by its process id and its shared memory, and sees neither outside of its namespaces: here every process of the
server inherits a lock, and none is started while one of another server is left.

It is started by its path, with no more imports than it needs, and stays as long as the server.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
from typing import NoReturn

# The name of the processes between us and the server.
_BWRAP = b"bwrap\n"
_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP}
_PR_SET_CHILD_SUBREAPER = 36
_LOOK_SECONDS = 0.02
_CANNOT_START = 127


def command(argv: list[str], *, lock: str) -> list[str]:
    """Return the command line that runs the server.

    Args:
        argv: bwrap's command line.
        lock: the file that the server's processes hold locked.
    """
    return [sys.executable, "-I", "-S", __file__, lock, *argv]


def main(arguments: list[str]) -> NoReturn:
    """Start the server once the lock is free, pass signals on to it, and exit with its status."""
    lock, *argv = arguments
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_ENDING, signal.SIGCHLD})
    # What bwrap leaves to be ended by the kernel is ours to wait for.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    _wait_for(held)
    os.set_inheritable(held, True)
    child = _start(argv)
    os.close(held)
    while True:
        number = signal.sigwait({*_ENDING, signal.SIGCHLD})
        if number in _ENDING:
            os.kill(*_receiver(child, signal.Signals(number)))
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _wait_for_the_rest()
            code = os.waitstatus_to_exitcode(status)
            sys.exit(code if code >= 0 else 128 - code)


def _wait_for(held: int) -> None:
    """Lock the file; until then, a signal ends us."""
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if signal.sigtimedwait(_ENDING, _LOOK_SECONDS):
                sys.exit("sandboxed_server: asked to end while processes of the former server were left")
        else:
            return


def _wait_for_the_rest() -> None:
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def _start(argv: list[str]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.execv(argv[0], argv)  # noqa: S606 - no shell
    except OSError as exc:
        sys.stderr.write(f"cannot start {argv[0]}: {exc.strerror}\n")
        sys.stderr.flush()
    finally:  # in every case, this forked copy must not go on
        os._exit(_CANNOT_START)


def _receiver(child: int, number: signal.Signals) -> tuple[int, signal.Signals]:
    """Return who gets the signal: the server, or bwrap as long as there is none, which then ends without one."""
    pid = child
    while _contents(f"/proc/{pid}/comm") == _BWRAP:
        below = _contents(f"/proc/{pid}/task/{pid}/children").split()
        if not below:
            return child, signal.SIGKILL
        pid = int(below[0])
    return pid, number


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - pathlib would double our start-up time
            return stream.read()
    except OSError:
        return b""


if __name__ == "__main__":
    main(sys.argv[1:])
