"""The work of a forked process: it leaves its parent's group, then works on one run or reports another's death."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import dagster as dg

from odooops_dagster.engine import tags
from odooops_dagster.engine.private import capture_interrupts, work_on_run
from odooops_dagster.engine.processes import Process

# Interrupts a run once, however often it is sent: a second interrupt would hit the first one's cleanup.
INTERRUPT = signal.SIGUSR1
_DEFAULTS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP)
# The name that `ps -o comm` shows: the command line is the parent's.
_NAME = "odooops-run"


def live(
    body: Callable[[], bool], *, log: Path, listening: socket.socket, connection: socket.socket | None = None
) -> NoReturn:
    """Leave the parent, answer the connection, run the body, and exit with 0 if it returns true.

    Where nobody reads the answer the body is not run: its run was started otherwise. The interpreter is not shut down:
    that would run what the parent registered for its own end, and write to all of the memory that the two share.

    Args:
        body: what to do; it may be interrupted.
        log: the file that gets standard output and error.
        listening: the parent's socket.
        connection: the socket of a request that waits for the process id.
    """
    status = 0
    try:
        _leave_parent(log)
        if connection is not None:
            connection.sendall(json.dumps({"pid": os.getpid()}).encode() + b"\n")
        status = 1
        _close_inherited(listening, connection)
        with capture_interrupts():
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            status = 0 if body() else 1
        _join_threads()
    except BaseException:  # noqa: BLE001 - there is nobody above to handle it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def work(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Work on the run, and return whether Dagster knows its end."""
    with instance:
        process = Process.current()
        instance.add_run_tags(run_id, {tags.PROCESS: str(process), tags.FORKED: f"{run_id}@{process}"})
        run = instance.get_run_by_id(run_id)
        if run is not None and run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run)
            return True
        work_on_run(instance, run_id)
        run = instance.get_run_by_id(run_id)
        return run is None or run.is_finished


def report_death(instance: dg.DagsterInstance, run_id: str, exit_code: int) -> bool:
    """End a run whose process has died, and say how it died; return true."""
    with instance:
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return True
        instance.report_engine_event(how_it_died(exit_code), run)
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run)
        else:
            instance.report_run_failed(run)
    return True


def how_it_died(exit_code: int) -> str:
    """Return how the process of a run ended, from its exit code: the number of a signal that killed it is negative."""
    if exit_code >= 0:
        return f"the process of the run exited with status {exit_code} before the run ended"
    number = -exit_code
    name = signal.Signals(number).name if number in signal.valid_signals() else "unknown"
    return f"the process of the run was terminated by signal {number} ({name})"


def _leave_parent(log: Path) -> None:
    """Leave the parent's session, signals and standard streams; the signals stay blocked."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in _DEFAULTS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(INTERRUPT, _interrupt_once)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Path("/proc/self/comm").write_text(_NAME)
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(source, target)


def _close_inherited(*sockets: socket.socket | None) -> None:
    """Close every descriptor but the standard streams; the objects must not close others that get the numbers later."""
    for taken in sockets:
        if taken is not None:
            taken.detach()
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def _join_threads() -> None:
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def _interrupt_once(_number: int, _frame: object) -> None:
    signal.signal(INTERRUPT, signal.SIG_IGN)
    signal.raise_signal(signal.SIGINT)
