"""Runs a job to its end, and leaves no process behind if the job or its caller fails."""

from __future__ import annotations

import codecs
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import Job, JobResult, Service
from odooops_dagster.tools.runtime import OnLine, launch
from odooops_dagster.tools.runtime.sandbox import bubblewrap

# A longer line is cut here, in characters, so that a program cannot fill our memory.
_LONGEST_LINE = 64 * 1024
# How long a launcher may need after SIGHUP to end its process tree.
_END_SECONDS = 35.0


def run_job(job: Job, *, on_line: OnLine | None = None) -> JobResult:
    """Run the job, copy its output to its log and to `on_line`, and leave none of its processes behind.

    A job is ended at its time limit, and when it has written more than its limit of output.
    """
    started = time.monotonic()
    job.log_path.parent.mkdir(parents=True, exist_ok=True)
    with job.log_path.open("ab") as log, _launched(job) as process:
        output = _Output(process, log=log, lines=_Lines(on_line), most_bytes=job.output_mb * 1024**2)
        timed_out = not output.copy(until=started + job.timeout_seconds)
        if timed_out or output.overflowed:
            process.send_signal(signal.SIGHUP)
            output.copy(until=time.monotonic() + _END_SECONDS)
        output.close()
    seconds = time.monotonic() - started
    return JobResult(
        exit_status=process.returncode,
        timed_out=timed_out,
        seconds=seconds,
        log_path=job.log_path,
        overflowed=output.overflowed,
    )


def launch_argv(definition: str, *, parent: str) -> list[str]:
    """Return the command line of the launcher; it contains no secret, and the launcher needs no package."""
    return [sys.executable, "-I", "-S", str(Path(launch.__file__).resolve()), definition, parent]


def definition_of(program: Job | Service, *, mark: str) -> dict[str, Any]:
    """Return the definition of a program for the launcher.

    A service with a socket gets it from the launcher, which listens there, by the convention of sd_listen_fds(3); the
    program itself sets LISTEN_PID, as only it knows its process id.

    Raises:
        MissingDependency: a program that its sandbox needs is missing.
    """
    sandbox = program.sandbox
    listen = _listens_at(program) if isinstance(program, Service) else None
    return {
        "mark": mark,
        "argv": list(program.argv) if sandbox is None else bubblewrap.command(sandbox, program.argv, cwd=program.cwd),
        "sandboxed": sandbox is not None,
        "cwd": str(program.cwd) if sandbox is None else "/",
        "env": clean_environment(extra={**program.env, **({} if listen is None else {"LISTEN_FDS": "1"})}),
        "listen": listen,
        "memory_mb": program.memory_mb,
    }


def _listens_at(service: Service) -> str | int | None:
    """Return the path of the socket, or the port, on which the launcher listens for the service."""
    if service.socket is not None:
        return str(service.socket)
    has_own_network = service.sandbox is not None and not service.sandbox.shares_network
    return service.port if has_own_network else None


@contextmanager
def _launched(job: Job) -> Iterator[subprocess.Popen[bytes]]:
    mark = f"job:{uuid4()}"
    process = subprocess.Popen(
        launch_argv("-", parent=str(os.getpid())),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={},
        start_new_session=True,
    )
    try:
        tell(process, definition_of(job, mark=mark), name=job.name)
        yield process
    finally:
        _end(process, mark=mark)


def tell(process: subprocess.Popen[bytes], definition: dict[str, Any], *, name: str) -> None:
    """Send the definition to the launcher's standard input."""
    assert process.stdin is not None  # noqa: S101 - asked for above
    try:
        with process.stdin as pipe:
            pipe.write(json.dumps(definition).encode())
    except BrokenPipeError as exc:
        raise StepFailed(f"the launcher of {name} did not start", hint="see its log") from exc


def _end(process: subprocess.Popen[bytes], *, mark: str) -> None:
    """End the launcher, which ends the job's process tree; kill the tree ourselves if the launcher was killed."""
    try:
        if process.poll() is None:
            process.send_signal(signal.SIGHUP)
            process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        if process.returncode in (None, -signal.SIGKILL):
            launch.kill_marked(mark)
        if process.stdout is not None:
            process.stdout.close()


class _Output:
    """Copies the output of a job while it runs."""

    def __init__(self, process: subprocess.Popen[bytes], *, log: BinaryIO, lines: _Lines, most_bytes: int) -> None:
        assert process.stdout is not None  # noqa: S101 - asked for above
        self._process = process
        self._descriptor = process.stdout.fileno()
        self._log = log
        self._lines = lines
        self._room = most_bytes
        self.overflowed = False

    def copy(self, *, until: float) -> bool:
        """Copy until the output ends or becomes too much; return False if the time is over first.

        What comes after too much is read and dropped, until the job has ended.
        """
        had_room = not self.overflowed
        with selectors.DefaultSelector() as selector:
            selector.register(self._descriptor, selectors.EVENT_READ)
            while (remaining := until - time.monotonic()) > 0:
                if selector.select(min(remaining, 1.0)):
                    if not self._copy_some() or (had_room and self.overflowed):
                        return True
                elif self._process.poll() is not None:
                    return True  # the launcher was killed, and an orphan holds the pipe
        return False

    def _copy_some(self) -> bool:
        chunk = os.read(self._descriptor, 65536)
        if not self.overflowed:
            self._keep(chunk[: self._room])
            self._room -= len(chunk)
            self.overflowed = self._room < 0
        return bool(chunk)

    def _keep(self, chunk: bytes) -> None:
        self._log.write(chunk)
        self._log.flush()
        self._lines.feed(chunk)

    def close(self) -> None:
        """Deliver an unfinished last line, and wait for the launcher."""
        self._lines.close()
        self._process.wait(_END_SECONDS)


class _Lines:
    """Splits bytes into lines of text."""

    def __init__(self, on_line: OnLine | None) -> None:
        self._on_line = on_line
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def feed(self, chunk: bytes) -> None:
        """Deliver every complete line."""
        if self._on_line is None:
            return
        *lines, self._rest = (self._rest + self._decoder.decode(chunk)).split("\n")
        for line in lines:
            self._on_line(line.rstrip("\r"))
        if len(self._rest) > _LONGEST_LINE:
            self._on_line(self._rest)
            self._rest = ""

    def close(self) -> None:
        """Deliver the rest."""
        if self._on_line is not None and self._rest:
            self._on_line(self._rest)
        self._rest = ""
