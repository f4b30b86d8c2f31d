"""The process of an embedded PostgreSQL server: found by the cluster on which it works, and stopped."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import psutil


def find(data: Path) -> psutil.Process | None:
    """Return the server that works on the cluster in this folder, None if none does."""
    try:
        number = int((data / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, PermissionError, ValueError, IndexError):
        return None
    # The number is the one that the server has in its sandbox.
    servers = (each for each in psutil.process_iter() if _number_inside(each.pid) == number)
    return next((each for each in servers if works_on(each, data)), None)


def works_on(process: psutil.Process, data: Path) -> bool:
    """Return whether the process is one of the cluster's server."""
    try:
        if process.name() not in {"postgres", "postmaster"} or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(process.cwd()) == data.resolve()
    except psutil.Error:
        return False


def stop(server: psutil.Process, *, timeout: float) -> None:
    """Stop the server without waiting for its clients; send stronger signals if it takes longer, in seconds."""
    family = _family(server)
    for number, patience in ((signal.SIGINT, timeout), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        _send(number, family if number == signal.SIGKILL else [server])
        family = psutil.wait_procs(family, timeout=patience)[1]
        if not family:
            return


def end_orphans(data: Path) -> None:
    """End every process of a killed server of the cluster in this folder: they hold its shared memory."""
    orphans = [process for process in psutil.process_iter() if works_on(process, data)]
    for number in (signal.SIGQUIT, signal.SIGKILL):
        _send(number, orphans)
        orphans = psutil.wait_procs(orphans, timeout=5)[1]


def _send(number: signal.Signals, processes: list[psutil.Process]) -> None:
    """Send the signal to the processes; one that has ended since it was found needs none."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _family(server: psutil.Process) -> list[psutil.Process]:
    """Return the server and its backends; nothing if it has ended meanwhile, as its backends do then."""
    try:
        return [server, *server.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _number_inside(pid: int) -> int:
    """Return the number that the process has for itself. Source: NSpid in proc_pid_status(5)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return pid
    return next((int(line.split()[-1]) for line in lines if line.startswith("NSpid:")), pid)
