"""The lock that allows one stack per state folder; it is held as long as the stack's processes live."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from odooops_dagster.errors import Conflict
from odooops_dagster.files import try_lock
from odooops_dagster.home import stack_lock


@contextmanager
def hold(home: Path) -> Iterator[int]:
    """Hold the lock of the state folder; yield its descriptor, so that the supervisor can hold it too."""
    descriptor = os.open(stack_lock(home), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def holder(home: Path) -> int | None:
    """Return the process id of the running stack, 0 if it is not written yet; None if no stack runs."""
    try:
        descriptor = os.open(stack_lock(home), os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(descriptor, 32, 0).decode().strip() or 0)
    else:
        return None
    finally:
        os.close(descriptor)


def wait_released(home: Path, *, timeout: float) -> bool:
    """Wait for the end of the stack's processes; return False if the time is over first."""
    deadline = time.monotonic() + timeout
    while holder(home) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _take(descriptor: int) -> None:
    # A caller of `holder` holds the lock for a moment.
    for _attempt in range(10):
        if try_lock(descriptor):
            return
        time.sleep(0.02)
    raise Conflict("a stack runs on this state folder already", hint="ops status")
