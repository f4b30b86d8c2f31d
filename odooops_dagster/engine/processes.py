"""Which process works on a run, written so that it can be found again and never mistaken."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Self

import psutil


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process of some host; the start time tells it from a later one with the same number."""

    host: str
    pid: int
    started: int

    @classmethod
    def current(cls) -> Self:
        """Return this process."""
        return cls(host=socket.gethostname(), pid=os.getpid(), started=int(psutil.Process().create_time()))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the process that `str` of one described."""
        host, pid, started = text.rsplit(":", 2)
        return cls(host=host, pid=int(pid), started=int(started))

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.started}"

    def is_gone(self) -> bool:
        """Return whether the process is dead; one on another host is not ours to judge."""
        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            return int(process.create_time()) != self.started or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
