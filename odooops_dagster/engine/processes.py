"""Identify the process that works on a run, so that it can be found again and never mistaken for another."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from typing import Self

import psutil


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process of some host; the start time distinguishes it from a later process with the same id."""

    host: str
    pid: int
    started: int

    @classmethod
    def current(cls) -> Self:
        """Return this process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Self:
        """Return the process of this host with the id; raise psutil.NoSuchProcess if there is none."""
        return cls(host=socket.gethostname(), pid=pid, started=int(psutil.Process(pid).create_time()))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the process whose `str` is the text."""
        host, pid, started = text.rsplit(":", 2)
        return cls(host=host, pid=int(pid), started=int(started))

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.started}"

    def is_gone(self) -> bool:
        """Return whether the process is dead; false for another host, where this cannot be known."""
        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            return int(process.create_time()) != self.started or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def send(self, number: signal.Signals) -> bool:
        """Send the signal, and return whether the process was there to get it."""
        if self.is_gone() or self.host != socket.gethostname():
            return False
        try:
            psutil.Process(self.pid).send_signal(number)
        except psutil.NoSuchProcess:
            return False
        return True
