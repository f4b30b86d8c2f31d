"""Stops work at the n-th thing that it does to the world outside: to the record, a server, the store or the disk."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from unittest.mock import patch

from odooops_dagster.control.database import Database
from odooops_dagster.errors import Unavailable
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.store import FolderStore
from tests.dagster.thread_runtime import RuntimeFromAfar, ThreadRuntime

# Killed by the kernel, in a process of its own; interrupted as when the platform stops; canceled by a person, and
# interrupted for that; without an answer from what it asked.
How = Literal["killed", "interrupted", "canceled", "unanswered"]

POINTS: tuple[tuple[Any, str], ...] = (
    (Database, "call"),
    (Database, "read"),
    *((OdooDatabases, name) for name in ("ensure_role", "create", "drop", "rename", "hand_over", "drop_role")),
    *((OdooDatabases, name) for name in ("keep_as_template", "turn_into_template")),
    *((FolderStore, name) for name in ("put", "open", "delete")),
    *((runtime, name) for runtime in (ThreadRuntime, RuntimeFromAfar) for name in ("execute", "start", "stop")),
    (shutil, "rmtree"),
)


@dataclass(frozen=True, kw_only=True)
class Stop:
    """How work is stopped, and when: before or after the n-th thing that it does, of some names or of any."""

    how: How
    at: int
    when: Literal["before", "after"]
    names: str | None = None  # a regular expression


@contextmanager
def stopping(stop: Stop | None, *, cancel: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Stop what the block does on this thread; `cancel` cancels the run and returns False if it had ended."""
    if stop is None:
        yield
        return
    counter = _Counter(stop, cancel, threading.current_thread())
    with ExitStack() as stack:
        for owner, name in POINTS:
            stack.enter_context(patch.object(owner, name, counter.counted(name, getattr(owner, name))))
        yield


class _Counter:
    """Counts what one thread does, and stops it once."""

    def __init__(self, stop: Stop, cancel: Callable[[], bool], thread: threading.Thread) -> None:
        self._stop = stop
        self._cancel = cancel
        self._thread = thread
        self._left = stop.at

    def counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """Return what does the same and is counted."""

        def counted(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 -- passed on as they are
            is_it = self._is_it(name, arguments)
            if is_it and self._stop.when == "before":
                self._act()
            result = real(*arguments, **named)
            if is_it and self._stop.when == "after":
                self._act()
            return result

        return counted

    def _is_it(self, name: str, arguments: tuple[Any, ...]) -> bool:
        """Count the thing if it is one of those to count; the record's functions go by their own names."""
        if threading.current_thread() is not self._thread:
            return False
        if self._stop.names and not re.fullmatch(self._stop.names, arguments[1] if name == "call" else name):
            return False
        self._left -= 1
        return self._left == 0

    def _act(self) -> None:
        match self._stop.how:
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "unanswered":
                raise Unavailable("it does not answer", hint="a walk says so")
            case "canceled":
                if self._cancel():
                    raise KeyboardInterrupt
            case "interrupted":
                raise KeyboardInterrupt
