"""Runs a program that a person types to, beside a service and in the same sandbox."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from uuid import uuid4

from odooops_dagster.child_environment import TERMINAL, clean_environment
from odooops_dagster.errors import NotFound
from odooops_dagster.model import Job, Service
from odooops_dagster.tools.runtime import Beside
from odooops_dagster.tools.runtime.job import definition_of, launch_argv

# What lies between us and the program ignores Ctrl-C, which the program inherits. Source: env(1), coreutils 8.31.
_SIGNALLED = ("/usr/bin/env", "--default-signal=INT,QUIT,TSTP")
_BLOCK = 65536


def attach(name: str, service: Service | None, command: Beside) -> int:
    """Run the program with the service's folder, environment, limits and sandbox, and return its exit status.

    It has our input and output. If they are a terminal, the program gets one of its own, so that what runs in the
    sandbox can put nothing into the person's.

    Raises:
        NotFound: there is no such service.
    """
    if service is None:
        raise NotFound(f"{name} has no definition here", hint="ops env list shows what was deployed")
    has_terminal = sys.stdin.isatty()
    job = _beside(service, command(service.argv), has_terminal=has_terminal)
    definition = definition_of(job, mark=f"terminal:{uuid4()}") | {"input": True}
    return _at_terminal(definition) if has_terminal else _through_pipes(definition)


def _beside(service: Service, argv: Sequence[str], *, has_terminal: bool) -> Job:
    sandbox = service.sandbox
    return Job(
        name=f"{service.name}-terminal",
        argv=(*_SIGNALLED, *argv),
        cwd=service.cwd,
        log_path=service.log_path.with_name("terminal.log"),
        sandbox=None if sandbox is None else replace(sandbox, has_terminal=has_terminal),
        env={**clean_environment(TERMINAL), **service.env},
        memory_mb=service.memory_mb,
        share=service.share,
    )


def _through_pipes(definition: dict[str, object]) -> int:
    with _told(definition) as source:
        return subprocess.run(
            launch_argv(f"/dev/fd/{source}", parent=str(os.getpid())), pass_fds=(source,), env={}, check=False
        ).returncode


def _at_terminal(definition: dict[str, object]) -> int:
    ours, theirs = os.openpty()
    _copy_size(ours)
    with _told(definition) as source:
        process = subprocess.Popen(
            launch_argv(f"/dev/fd/{source}", parent=str(os.getpid())),
            stdin=theirs, stdout=theirs, stderr=theirs, pass_fds=(source,), env={}, start_new_session=True,
        )  # fmt: skip
    os.close(theirs)
    before = signal.signal(signal.SIGWINCH, lambda *_: _copy_size(ours))
    try:
        with _raw():
            _copy(ours)
    finally:
        signal.signal(signal.SIGWINCH, before)
        os.close(ours)  # what still runs is hung up
    return process.wait()


@contextmanager
def _told(definition: dict[str, object]) -> Iterator[int]:
    """Yield a descriptor from which the definition is read: its secrets are in no argv and no file."""
    descriptor = os.memfd_create("definition")
    try:
        os.write(descriptor, json.dumps(definition).encode())
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _raw() -> Iterator[None]:
    """Let every key of our terminal through, and leave it as it was, also if we are told to end."""
    kept = termios.tcgetattr(sys.stdin)
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, kept)
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _copy(ours: int) -> None:
    """Copy between our terminal and the program's until the program and its children have closed theirs."""
    typed = sys.stdin.fileno()
    watched = [typed, ours]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if ours in ready:
            with suppress(OSError):  # Linux answers EIO when nobody has it open any more
                if shown := os.read(ours, _BLOCK):
                    _write(sys.stdout.fileno(), shown)
                    continue
            return
        if typed in ready:
            keys = os.read(typed, _BLOCK)
            if keys:
                _write(ours, keys)
            else:
                watched.remove(typed)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _copy_size(ours: int) -> None:
    """Give the program's terminal the size of ours, where ours has one."""
    with suppress(OSError):
        size = fcntl.ioctl(sys.stdin, termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(ours, termios.TIOCSWINSZ, size)
