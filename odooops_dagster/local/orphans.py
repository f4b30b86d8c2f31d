"""Reaps and ends orphaned processes below this one."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from odooops_dagster.local.watch import ChildProcess


def reap(*, keep: ChildProcess | None = None) -> None:
    """Reap ended children except `keep`, so that they do not remain as zombies."""
    for child in psutil.Process().children():
        if keep is None or child.pid != keep.pid:
            _reap(child.pid)


def end_orphans(*, patience: float) -> None:
    """Wait for every process below this one to end; terminate, then kill, the rest."""
    for number, seconds in ((None, patience), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        if number is not None:
            _send(number)
        if _wait_alone(timeout=seconds):
            return


def wait_gone(pid: int, *, timeout: float) -> bool:
    """Wait for the end of a process that is not our child; return False if the time is over first.

    psutil's own wait returns only after the parent has reaped the process.
    """
    deadline = time.monotonic() + timeout
    while _lives(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_alone(*, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while psutil.Process().children():
        reap()
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _send(number: signal.Signals) -> None:
    for process in psutil.Process().children(recursive=True):
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
