"""Watches the running stack in the place of what has started it.

    python -m odooops_dagster.local.watch HOME SUPERVISOR LOCK

What starts the stack imports much that nobody needs afterwards. It becomes this program, which is the same process:
with the same id, the same children and the same lock, and a fraction of the memory.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, Protocol

from odooops_dagster.child_environment import OURS, clean_environment
from odooops_dagster.errors import OdooOpsError, Unavailable
from odooops_dagster.home import remove_substitutes
from odooops_dagster.local import stopping
from odooops_dagster.local.orphans import end_orphans, reap
from odooops_dagster.local.report import Report, StartupProgress
from odooops_dagster.local.supervisor import ProgramState, StackSupervisor, terminate

# If the supervisor is killed, its programs end by themselves: launchers kill theirs, PostgreSQL stops fast.
ORPHAN_SECONDS = 20.0
# How late a program's change of state is reported.
_LOOK_SECONDS = 10.0
# A stopping supervisor stops the next program when it sees that the last one has ended.
_WAKE_SECONDS = 0.05
MODULE = "odooops_dagster.local.watch"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_asked = threading.Event()


class Stopped(BaseException):
    """The stack was asked to end; not an error, so that `except Exception` does not catch it."""


class ChildProcess(Protocol):
    """A child of this process, as subprocess.Popen has it."""

    pid: int

    @property
    def returncode(self) -> int | None:
        """Return the exit status as of the last `poll`; None before its end."""

    def poll(self) -> int | None:
        """Return the exit status; None while it lives."""


class Child:
    """A child that an earlier program of this process has started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status; None while it lives."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self.returncode = 0  # somebody else has reaped it
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


class Watch:
    """The life of a stack after its start, and its end.

    Args:
        home: the state folder.
        process: the supervisor, a child of this process.
        report: what is told of a change.
    """

    def __init__(self, home: Path, process: ChildProcess, *, report: Report) -> None:
        self._home = home
        self._process = process
        self._report = report
        self._supervisor = StackSupervisor(home)

    def run(self) -> NoReturn:
        """Report every change of a program's state, while the supervisor lives.

        Raises:
            Unavailable: the supervisor has ended.
            Stopped: a signal says so.
        """
        known: Mapping[str, ProgramState] = {}
        while True:
            known = self._look(known)
            self._wait()
            refuse_if_asked()
            self.refuse_dead_supervisor()
            reap(keep=self._process)

    def refuse_dead_supervisor(self) -> None:
        """Raise Unavailable if the supervisor has ended."""
        if self._process.poll() is not None:
            raise Unavailable(f"the supervisor ended with status {self._process.returncode}", hint="ops up")

    def stop(self) -> None:
        """End every program, and what is left of them."""
        stopping.announce(self._home)
        terminate(self._process)
        while self._process.poll() is None:
            self._supervisor.wake()
            time.sleep(_WAKE_SECONDS)

    def _look(self, known: Mapping[str, ProgramState]) -> Mapping[str, ProgramState]:
        """Report what has changed since the last look, and return the states of now."""
        try:
            states = self._supervisor.states()
        except Unavailable:
            return known  # the supervisor is busy or gone: the next round shows which
        for name, state in states.items():
            if name in known:
                _tell_change(known[name], state, self._report)
        return states

    def _wait(self) -> None:
        """Wait until the next look, or until the supervisor ends."""
        if not hasattr(os, "pidfd_open"):
            time.sleep(_LOOK_SECONDS)
            return
        ended = os.pidfd_open(self._process.pid)
        try:
            select.select([ended], [], [], _LOOK_SECONDS)
        finally:
            os.close(ended)


def hand_over(home: Path, process: ChildProcess, *, lock: int) -> NoReturn:
    """Become the program that watches; the signals that end the stack wait for its handlers.

    Args:
        home: the state folder.
        process: the supervisor.
        lock: the descriptor that holds the stack's lock.

    Raises:
        Stopped: a signal came before.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    refuse_if_asked()
    os.set_inheritable(lock, True)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    argv = [sys.executable, "-P", "-m", MODULE, str(home), str(process.pid), str(lock)]
    os.execve(sys.executable, argv, clean_environment(OURS))  # noqa: S606 - a list, no shell


def main(arguments: list[str]) -> int:
    """Watch until the stack ends, and return the exit status: 1 if nobody asked for the end."""
    home, pid, lock = arguments
    os.set_inheritable(int(lock), False)
    watch = Watch(Path(home), Child(int(pid)), report=_print)
    with stop_signals():
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            watch.run()
        except Stopped:
            _print(StartupProgress(name="stack", state="stopping"))
        except OdooOpsError as exc:
            sys.stderr.write(f"ops: {exc}\n  \N{RIGHTWARDS ARROW} {exc.hint}\n")
            return 1
        finally:
            end_everything(Path(home), watch)
    return 0


def end_everything(home: Path, watch: Watch | None) -> None:
    """End every program, if any was started, and what is left of them; remove what they leave outside of `home`."""
    ignore_signals()
    if watch is not None:
        watch.stop()
    end_orphans(patience=ORPHAN_SECONDS)
    remove_substitutes(home)


@contextmanager
def stop_signals() -> Iterator[None]:
    """Raise Stopped on Ctrl-C, `ops down` and a closed terminal."""
    _asked.clear()
    before = {number: signal.signal(number, _stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_signals() -> None:
    """Let nothing interrupt the shutdown: it has a time limit, and a second Ctrl-C must not cut it short."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def refuse_if_asked() -> None:
    """Raise Stopped if a signal has come: a `__del__` that ran at that moment swallows what the handler raises."""
    if _asked.is_set():
        raise Stopped


def _stop(_number: int, _frame: object) -> NoReturn:
    ignore_signals()
    _asked.set()
    raise Stopped


def _tell_change(before: ProgramState, now: ProgramState, report: Report) -> None:
    if now.state != before.state:
        report(StartupProgress(name=now.name, state=now.state, detail=now.detail))
    elif now.pid != before.pid:
        report(StartupProgress(name=now.name, state="restarted"))


def _print(progress: StartupProgress) -> None:
    sys.stderr.write(f"{progress}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
