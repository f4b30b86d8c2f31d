"""The program that forks the runs: it has imported the definitions, so that a run's process need not.

    python -m odooops_dagster.engine.fork_server SOCKET MODULE ATTRIBUTE LOG [LISTENING [PID:RUN...]]

It has one thread, and opens nothing but its socket. When a file that it imported has changed, it replaces itself with
a process of the new code, which keeps the process id, the socket and the runs. TERM ends the runs, then the program;
any other end of the program leaves the runs at work.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psutil

from odooops_dagster.engine import forked_run, log_handler
from odooops_dagster.engine.fork_client import ForkRequest, read_line
from odooops_dagster.engine.fork_proof import ImportedCode, obstacles
from odooops_dagster.engine.preload import preloaded_code
from odooops_dagster.engine.private import load_definitions, load_instance_settings
from odooops_dagster.engine.processes import Process
from odooops_dagster.engine.rehearsal import rehearsed_instance
from odooops_dagster.home import dagster_home, instance_file
from odooops_dagster.platform import this_platform
from odooops_dagster.tools.backup import repositories
from odooops_dagster.tools.runtime import process

if TYPE_CHECKING:
    from dagster import DagsterInstance

MODULE = "odooops_dagster.engine.fork_server"
# How long runs may clean up after an interrupt: the time that launchers give their programs.
GRACE_SECONDS = 10.0
_REQUEST_SECONDS = 5.0
_BACKLOG = 128
# What each run would import otherwise: dagster.yaml names the first as a handler of logging, the platform the others.
_IMPORTED_FOR_RUNS = (log_handler, process, repositories)
_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


def main(arguments: Sequence[str]) -> None:
    """Import the definitions, prove that a fork is safe, and serve until TERM."""
    path, module, attribute, log = arguments[:4]
    jobs = load_definitions(module, attribute)
    home = this_platform().settings.home
    instance = rehearsed_instance(load_instance_settings(dagster_home(home)), say=say)
    code = ImportedCode(instance_file(home), earlier=preloaded_code())
    listening = _inherited(int(arguments[4])) if arguments[4:] else _opened(Path(path))
    found = obstacles(own_sockets=[listening.fileno()]) + ([] if jobs else [f"{module} defines no job"])
    if found:
        sys.exit(f"cannot fork: {'; '.join(found)}")
    gc.collect()
    gc.freeze()
    forked = dict(_child(word) for word in arguments[5:])
    say(f"{len(jobs)} jobs from {len(code)} files, {len(forked)} runs at work")
    ForkServer(arguments[:4], listening, instance, code=code, forked=forked, log=Path(log)).serve()


class ForkServer:
    """Forks a process for each request, and notices how the processes end.

    Args:
        arguments: the socket's path, the module, the attribute and the log of the command line.
        listening: the socket.
        instance: what each run works with; none of its connections is open.
        code: the files that this process has imported.
        forked: the runs of living children, by process id.
        log: the file that gets the output of the runs.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        listening: socket.socket,
        instance: DagsterInstance,
        *,
        code: ImportedCode,
        forked: dict[int, str],
        log: Path,
    ) -> None:
        self._arguments = list(arguments)
        self._path, self._definitions = Path(arguments[0]), (arguments[1], arguments[2])
        self._listening = listening
        self._instance = instance
        self._code = code
        self._forked = forked
        self._log = log
        self._is_ending = False

    def serve(self) -> None:
        """Answer requests until TERM, then end the runs."""
        wake, listening = _signals_as_bytes(), self._listening.fileno()
        while not self._is_ending:
            readable, _, _ = select.select([listening, wake], [], [])
            if wake in readable:
                self._is_ending = bool({signal.SIGTERM, signal.SIGINT} & set(os.read(wake, 512)))
            self._reap()
            if listening in readable and not self._is_ending:
                self._accept()
        self._path.unlink(missing_ok=True)
        self._listening.close()
        self._end_runs()

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:  # the other side has given up
            return
        with connection:
            connection.settimeout(_REQUEST_SECONDS)
            try:
                self._answer(connection)
            except OSError as exc:
                say(f"a request was lost: {exc}")

    def _answer(self, connection: socket.socket) -> None:
        line = read_line(connection)
        if not line:
            return  # a probe
        try:
            request = ForkRequest.parse(line)
        except ValueError as exc:
            _refuse(connection, f"the request cannot be read: {exc}")
            return
        refusal, is_outdated = self._refusal(connection, request)
        if refusal:
            _refuse(connection, refusal)
            if is_outdated:
                self._replace()
            return
        self._fork(connection, request.run_id)

    def _refusal(self, connection: socket.socket, request: ForkRequest) -> tuple[str, bool]:
        """Return why the request is refused, empty if it is not, and whether that is because of outdated code."""
        if _account_of(connection) != os.geteuid():
            return "the request comes from another account", False
        if (request.module, request.attribute) != self._definitions:
            return f"{request.module}:{request.attribute} are other definitions than those imported", False
        changed = self._code.changed()
        return (f"{changed} has changed since it was imported", True) if changed is not None else ("", False)

    def _fork(self, connection: socket.socket, run_id: str) -> None:
        try:
            pid = self._spawn(partial(forked_run.work, self._instance, run_id), connection=connection)
        except OSError as exc:
            _refuse(connection, f"no process can be made: {exc.strerror}")
            return
        self._forked[pid] = run_id
        say(f"run {run_id}: process {pid}")

    def _spawn(self, body: Callable[[], bool], *, connection: socket.socket | None = None) -> int:
        """Fork a process that runs the body, and return its id; signals wait until it has handlers of its own."""
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if pid == 0:
                forked_run.live(body, log=self._log, listening=self._listening, connection=connection)
            return pid
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def _reap(self) -> None:
        """Notice the children that have ended; one that failed gets a process that reports its death."""
        for pid, exit_code in _ended_children():
            run_id = self._forked.pop(pid, None)
            if run_id is None or exit_code == 0 or self._is_ending:
                continue
            say(f"run {run_id}: {forked_run.how_it_died(exit_code)}")
            try:
                self._spawn(partial(forked_run.report_death, self._instance, run_id, exit_code))
            except OSError as exc:  # the reconciler reports it later
                say(f"run {run_id}: no process can be made: {exc.strerror}")

    def _replace(self) -> NoReturn:
        """Become a process of the code as it is now, with the same socket and the same children."""
        say("replaced by a process of the changed code")
        signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
        os.set_inheritable(self._listening.fileno(), True)
        children = [f"{pid}:{run_id}" for pid, run_id in self._forked.items()]
        argv = [sys.executable, "-m", MODULE, *self._arguments, str(self._listening.fileno()), *children]
        os.execv(sys.executable, argv)  # noqa: S606 - becoming the new code is the purpose

    def _end_runs(self) -> None:
        """Interrupt all runs, those of a killed server included, and kill what is left after the grace period."""
        runs = runs_of(self._path)
        for run in runs:
            run.send(forked_run.INTERRUPT)
        deadline = time.monotonic() + GRACE_SECONDS
        while (left := [run for run in runs if not run.is_gone()]) and time.monotonic() < deadline:
            time.sleep(0.02)
            self._reap()
        for run in left:
            say(f"process {run.pid} did not end in time")
            _kill_group(run)


def runs_of(path: Path) -> list[Process]:
    """Return the processes that this server and those before it have forked: they share its command line."""
    found = []
    for pid in _processes():
        if pid != os.getpid() and _is_forked(pid, path):
            with suppress(psutil.NoSuchProcess):
                found.append(Process.of(pid))
    return found


def say(line: str) -> None:
    """Write a line to the log."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _signals_as_bytes() -> int:
    """Return the read end of a pipe that gets the numbers of our signals."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in _HANDLED:
        signal.signal(number, lambda _number, _frame: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    return reading


def _opened(path: Path) -> socket.socket:
    """Return a new socket that listens at the path, in a folder that only our account may enter."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    path.chmod(0o600)
    listening.listen(_BACKLOG)
    listening.setblocking(False)
    return listening


def _inherited(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)
    listening = socket.socket(fileno=descriptor)
    listening.setblocking(False)
    return listening


def _child(word: str) -> tuple[int, str]:
    pid, _, run_id = word.partition(":")
    return int(pid), run_id


def _refuse(connection: socket.socket, reason: str) -> None:
    say(f"refused: {reason}")
    connection.sendall(json.dumps({"refused": reason}).encode() + b"\n")


def _account_of(connection: socket.socket) -> int:
    """Return the user id of the process at the other end. Source: SO_PEERCRED in unix(7)."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def _ended_children() -> list[tuple[int, int]]:
    """Reap the children that have ended, and return the process id and exit code of each."""
    found: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        found.append((pid, os.waitstatus_to_exitcode(status)))


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _is_forked(pid: int, path: Path) -> bool:
    """Return whether the process has the command line of a server at that path, and leads a session as runs do."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return {MODULE.encode(), os.fsencode(path)} <= set(words) and os.getsid(pid) == pid
    except OSError:
        return False


def _kill_group(run: Process) -> None:
    """Kill the run and what it has started itself; what a launcher started for it ends with it."""
    try:
        os.killpg(run.pid, signal.SIGKILL)
    except OSError:
        return


if __name__ == "__main__":
    main(sys.argv[1:])
