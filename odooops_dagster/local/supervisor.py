"""Starts the stack's supervisord so that it ends with us, and calls it over its socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odooops_dagster.errors import Unavailable
from odooops_dagster.home import supervisor_configuration, supervisor_errors, supervisor_socket
from odooops_dagster.local import tether
from odooops_dagster.tools.runtime.supervisord import Faults, Supervisord

if TYPE_CHECKING:
    from odooops_dagster.local.programs import Program
    from odooops_dagster.local.watch import ChildProcess

_START_SECONDS = 20.0
# Before it starts the first program that uses Dagster, it imports Dagster, and answers nobody meanwhile: it takes
# seconds, and a minute on a small busy machine.
_IMPORT_SECONDS = 240.0


@dataclass(frozen=True, kw_only=True)
class ProgramState:
    """The state of one program, as the supervisor reports it."""

    name: str
    state: str  # running, starting, stopping, stopped, backoff, exited, fatal
    pid: int | None
    uptime_seconds: int | None
    detail: str


class StackSupervisor:
    """The supervisor of one state folder; this or another process started it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._socket = supervisor_socket(home)
        self._supervisord = Supervisord(socket=self._socket, name=f"the supervisor of {home}", hint="ops up")
        self._importing = replace(self._supervisord, call_seconds=_IMPORT_SECONDS)

    def spawn(self, *, environment: Mapping[str, str], lock: int) -> subprocess.Popen[bytes]:
        """Start supervisord and wait until it answers; it ends with us, and holds the stack's lock while it lives."""
        self._socket.unlink(missing_ok=True)
        argv = [
            sys.executable,
            "-P",
            "-m",
            "odooops_dagster.local.forking",
            "-n",
            "-c",
            str(supervisor_configuration(self._home)),
        ]
        with (supervisor_errors(self._home)).open("wb") as errors:
            process = subprocess.Popen(
                tether.command(argv, death_signal=signal.SIGTERM),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=dict(environment),
                pass_fds=[lock],
                start_new_session=True,  # we handle Ctrl-C and stop the programs in order
            )
        self._wait_for(process)
        return process

    def start(self, program: Program) -> None:
        """Start the program without waiting for it."""
        from odooops_dagster.local.programs import namespec  # noqa: PLC0415 - what only watches needs none of it

        try:
            self._importing.call("startProcess", namespec(program), False)
        except xmlrpc.client.Fault as exc:
            if exc.faultCode != Faults.ALREADY_STARTED:
                raise Unavailable(f"{program.name} cannot be started: {exc.faultString}", hint="ops doctor") from exc

    def states(self) -> dict[str, ProgramState]:
        """Return the state of every program by its name."""
        return {info["name"]: _state(info) for info in self.call("getAllProcessInfo")}

    def wake(self) -> None:
        """Make the supervisor check its programs now, if it answers; otherwise it does so once a second."""
        with suppress(Unavailable):
            self.call("getState")

    def shut_down(self) -> None:
        """Make the supervisor stop every program, the last started first, and end."""
        self.call("shutdown")

    def call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 -- XML-RPC returns what it returns
        """Call a method of the supervisor."""
        return self._supervisord.call(method, *arguments)

    def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.call("getState")
            except Unavailable as exc:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Unavailable(f"the supervisor did not start: {self._last_words()}", hint="ops doctor") from exc
                time.sleep(0.05)
            else:
                return

    def _last_words(self) -> str:
        lines = (supervisor_errors(self._home)).read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no reason given"


def terminate(process: ChildProcess) -> None:
    """Send SIGTERM to the supervisor, which stops everything in order."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGTERM)


def _state(info: Mapping[str, Any]) -> ProgramState:
    state = str(info["statename"]).lower()
    running = state == "running"
    detail = str(info["spawnerr"] or "")
    if state in {"backoff", "exited", "fatal"} and not detail:
        detail = f"exit status {info['exitstatus']}"
    return ProgramState(
        name=info["name"],
        state=state,
        pid=int(info["pid"]) or None,
        uptime_seconds=int(info["now"]) - int(info["start"]) if running else None,
        detail=detail,
    )
