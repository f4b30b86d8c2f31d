"""Runs a job to its end, and leaves no process behind if the job or its caller fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import Job, JobResult, Service, Share
from odooops_dagster.tools.runtime import EndIf, OnLine, launch
from odooops_dagster.tools.runtime.output import Asked, Lines, Output
from odooops_dagster.tools.runtime.sandbox import bubblewrap
from odooops_dagster.tools.runtime.stored import share_to_json

# How long a launcher may need after SIGHUP to end its process tree.
_END_SECONDS = 35.0


def run_job(job: Job, *, on_line: OnLine | None = None, end_if: EndIf | None = None) -> JobResult:
    """Run the job, copy its output to its log and to `on_line`, and leave none of its processes behind.

    A job is ended at its time limit, when it has written more than its limit of output, and when `end_if` returns a
    reason; it is asked now and then.
    """
    started = time.monotonic()
    job.log_path.parent.mkdir(parents=True, exist_ok=True)
    ended_for(job).unlink(missing_ok=True)
    with job.log_path.open("ab") as log, _launched(job) as process:
        asked = Asked(end_if)
        source = _ProcessOutput(process)
        output = Output(source, log=log, lines=Lines(on_line), most_bytes=job.output_mb * 1024**2, asked=asked)
        timed_out = not output.copy(until=started + job.timeout_seconds)
        if timed_out or output.overflowed or asked.reason:
            process.send_signal(signal.SIGHUP)
            output.copy(until=time.monotonic() + _END_SECONDS)
        output.close()
        process.wait(_END_SECONDS)
    seconds = time.monotonic() - started
    return JobResult(
        exit_status=process.returncode,
        timed_out=timed_out,
        seconds=seconds,
        log_path=job.log_path,
        overflowed=output.overflowed,
        ended_for=asked.reason or reason_of_end(job),
    )


def ended_for(program: Job | Service) -> Path:
    """Return the file in which the launcher writes for which limit it ended the program."""
    return program.log_path.with_name(f"{program.log_path.name}.ended")


def reason_of_end(program: Job | Service) -> str:
    """Return for which limit the program was ended, as a sentence; empty if for none."""
    try:
        return ended_for(program).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return ""  # the folder of logs may be gone, and a file in its place


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
    listen = _listens_at(program) if isinstance(program, Service) else []
    return {
        "mark": mark,
        "argv": list(program.argv) if sandbox is None else bubblewrap.command(sandbox, program.argv, cwd=program.cwd),
        "sandboxed": sandbox is not None,
        "cwd": str(program.cwd) if sandbox is None else "/",
        "env": clean_environment(extra={**program.env, **({"LISTEN_FDS": str(len(listen))} if listen else {})}),
        "listen": listen,
        "memory_mb": program.memory_mb,
        "share": None if program.share is None else _share(program, program.share),
        "ended_for": str(ended_for(program)),
    }


def _share(program: Job | Service, share: Share) -> dict[str, Any]:
    kind = "job" if isinstance(program, Job) else "service"
    return {**(share_to_json(share) or {}), "program": program.name, "kind": kind}


def _listens_at(service: Service) -> list[str | int]:
    """Return the paths of the sockets, or the port, on which the launcher listens for the service."""
    if service.socket is not None:
        return [str(path) for path in (service.socket, service.bus) if path is not None]
    has_own_network = service.sandbox is not None and not service.sandbox.shares_network
    return [service.port] if has_own_network else []


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


class _ProcessOutput:
    """What the launcher and its program write."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - asked for above
        self._process = process
        self._descriptor = process.stdout.fileno()

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._descriptor

    def read(self) -> bytes:
        """Return what was written; nothing at the end."""
        return os.read(self._descriptor, 65536)

    def has_ended(self) -> bool:
        """Return whether the launcher is gone: if it was killed, an orphan may hold the pipe."""
        return self._process.poll() is not None
