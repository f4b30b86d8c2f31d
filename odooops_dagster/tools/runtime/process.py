"""Runs services as processes under our own supervisord, and jobs as child processes of the caller.

The platform's stack runs the supervisor as one of its programs, so that it ends with the stack:

    python -m odooops_dagster.tools.runtime.process --root DIR --foreground

Without --foreground the supervisor detaches and the command returns when it listens; `ensure_supervisor` of
`ProcessRuntime` uses this if no stack runs. Both start every service that ran when the last supervisor ended.
DIR contains services/<name>.json (the definition, mode 0600), services/<name>.ini (while the service should run),
supervisord.conf, supervisord.log and the supervisor's socket.
"""

from __future__ import annotations

import argparse
import time
import xmlrpc.client
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from odooops_dagster.errors import Unavailable
from odooops_dagster.files import locked
from odooops_dagster.model import Job, JobResult, Service, ServiceStatus
from odooops_dagster.tools.runtime import Beside, EndIf, OnLine
from odooops_dagster.tools.runtime.definitions import checked_name
from odooops_dagster.tools.runtime.job import reason_of_end, run_job
from odooops_dagster.tools.runtime.launch import GRACE_SECONDS
from odooops_dagster.tools.runtime.supervisor import PATIENCE_SECONDS, ServiceSupervisor
from odooops_dagster.tools.runtime.supervisord import Faults
from odooops_dagster.tools.runtime.tail import tail_of
from odooops_dagster.tools.runtime.terminal import attach

# supervisord's states in which a process exists or is about to.
_ALIVE = frozenset({"STARTING", "RUNNING", "STOPPING"})
# Each request makes the supervisor check its children, which it otherwise does once a second.
_ASK_SECONDS = 0.03
_STOP_SECONDS = GRACE_SECONDS + 20
# Number of lock files, chosen by a checksum of the service's name: one file per service would never be removed.
_LOCKS = 16


class ProcessRuntime:
    """A runtime on this machine without containers; its state in `root` survives it."""

    def __init__(
        self, root: Path, *, may_start_supervisor: bool = True, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._supervisor = ServiceSupervisor(root)
        self._definitions = self._supervisor.definitions
        self._may_start_supervisor = may_start_supervisor
        self._patience_seconds = patience_seconds

    def ensure_supervisor(self) -> None:
        """Return when the supervisor answers; start it, or wait for the stack to start it."""
        self._supervisor.ensure(may_start=self._may_start_supervisor, patience_seconds=self._patience_seconds)

    def resume(self) -> list[ServiceStatus]:
        """Start every service that ran when the platform ended; stopped services stay stopped."""
        self.ensure_supervisor()
        return self.status()

    def shut_down(self) -> None:
        """End the supervisor and every service; `resume` starts those that ran."""
        try:
            self._supervisor.call("shutdown")
        except Unavailable:
            return
        _wait_until(lambda: not self._supervisor.is_alive(), what="the supervisor of services")

    def execute(self, job: Job, *, on_line: OnLine | None = None, end_if: EndIf | None = None) -> JobResult:
        """Run the job to its end; leave none of its processes, even if we are killed."""
        return run_job(job, on_line=on_line, end_if=end_if)

    def start(self, service: Service) -> ServiceStatus:
        """Run the service with exactly this definition; replace a service of the same name."""
        with self._locked(service.name):
            return _once_more(lambda: self._start(service))

    def _start(self, service: Service) -> ServiceStatus:
        self.ensure_supervisor()
        same = self._definitions.is_wanted(service.name) and self._definitions.get(service.name) == service
        if not same or self._state_of(service.name) not in ("STARTING", "RUNNING"):
            self._definitions.unwant(service.name)
            self._unload(service.name)
            self._definitions.want(service)
            self._load(service.name)
        return self._status(service.name)

    def stop(self, name: str, *, remove: bool = False) -> ServiceStatus:
        """Stop the service, and delete its definition if `remove`; the intent is on disk before the process ends."""
        with self._locked(name):
            return _once_more(lambda: self._stop(name, remove=remove))

    def _stop(self, name: str, *, remove: bool) -> ServiceStatus:
        self._definitions.unwant(name)
        # A supervisor that is just starting may have read the service's ini already, so it must be asked.
        if self._supervisor.is_alive():
            self._supervisor.ensure(may_start=False, patience_seconds=self._patience_seconds)
            self._unload(name)
        if remove:
            self._definitions.remove(name)
        return self._status(name)

    def status(self, name: str | None = None) -> list[ServiceStatus]:
        """Return the state of one service ('absent' when unknown) or of all."""
        if name is not None:
            return [self._status(name)]
        try:
            known = {info["name"]: info for info in self._supervisor.call("getAllProcessInfo")}
        except Unavailable:
            known = {}
        return [self._judge(name, known.get(name)) for name in self._definitions.names()]

    def logs(self, name: str, *, tail: int = 200) -> list[str]:
        """Return the last lines the service wrote, oldest first; an empty list for an unknown service."""
        service = self._definitions.get(name)
        return [] if service is None else tail_of(service.log_path, lines=tail)

    def attach(self, name: str, command: Beside) -> int:
        """Run a program beside the service, in its sandbox, with our input and output; return its status."""
        return attach(name, self._definitions.get(name), command)

    def _status(self, name: str) -> ServiceStatus:
        try:
            return self._judge(name, self._info(name))
        except Unavailable:
            return self._judge(name, None)

    def _judge(self, name: str, info: Mapping[str, Any] | None) -> ServiceStatus:
        service = self._definitions.get(name)
        if service is None:
            return ServiceStatus(name=name, state="absent")
        return replace(self._state(name, service, info), ended_for=reason_of_end(service))

    def _state(self, name: str, service: Service, info: Mapping[str, Any] | None) -> ServiceStatus:
        if not self._definitions.is_wanted(name):
            return ServiceStatus(name=name, state="stopped", port=service.port)
        if (folder := self._definitions.missing_folder(name)) is not None and info is None:
            return ServiceStatus(name=name, state="failed", port=service.port, detail=f"{folder} cannot be made")
        if info is None:
            return ServiceStatus(name=name, state="stopped", port=service.port, detail="waits for the supervisor")
        if info["statename"] in _ALIVE:
            pid = int(info["pid"]) or None
            return ServiceStatus(name=name, state="running", pid=pid, port=service.port, detail=info["description"])
        detail = info["spawnerr"] or reason_of_end(service) or f"exit status {info['exitstatus']}"
        return ServiceStatus(name=name, state="failed", port=service.port, detail=detail)

    def _info(self, name: str) -> Mapping[str, Any] | None:
        """Return the supervisor's information on the service, None if it does not know it."""
        try:
            info: Mapping[str, Any] = self._supervisor.call("getProcessInfo", name)
        except xmlrpc.client.Fault as exc:
            _only(exc, Faults.BAD_NAME)
            return None
        return info

    def _state_of(self, name: str) -> str | None:
        info = self._info(name)
        return None if info is None else str(info["statename"])

    def _load(self, name: str) -> None:
        self._definitions.hold_back()
        self._call("reloadConfig")
        self._call("addProcessGroup", name)
        # The service's status reports a program that cannot be spawned.
        self._call("startProcess", name, False, ignored=(Faults.ALREADY_STARTED, Faults.SPAWN_ERROR))

    def _unload(self, name: str) -> None:
        """Stop the service and remove it from the supervisor; repeat if it restarts meanwhile."""
        gone = (Faults.BAD_NAME,)
        deadline = time.monotonic() + _STOP_SECONDS
        while self._state_of(name) is not None:
            self._call("stopProcess", name, False, ignored=(*gone, Faults.NOT_RUNNING))
            _wait_until(lambda: self._state_of(name) not in _ALIVE, what=name)
            self._call("removeProcessGroup", name, ignored=(*gone, Faults.STILL_RUNNING))
            if time.monotonic() > deadline:
                raise Unavailable(f"service {name} does not stop", hint=f"see {self._supervisor.root}/supervisord.log")

    def _call(self, method: str, *arguments: object, ignored: tuple[int, ...] = ()) -> None:
        try:
            self._supervisor.call(method, *arguments)
        except xmlrpc.client.Fault as exc:
            _only(exc, *ignored)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Hold the service's lock, across processes."""
        folder = self._supervisor.root / "locks"
        self._supervisor.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        number = zlib.crc32(checked_name(name).encode()) % _LOCKS
        with locked(folder / str(number)):
            yield


def _once_more(change: Callable[[], ServiceStatus]) -> ServiceStatus:
    """Make the change; repeat it once if the supervisor was killed meanwhile."""
    try:
        return change()
    except Unavailable:
        return change()


def _only(fault: xmlrpc.client.Fault, *ignored: int) -> None:
    """Ignore these fault codes; raise Unavailable for any other."""
    if fault.faultCode not in ignored:
        raise Unavailable(f"the supervisor of services refused: {fault.faultString}") from fault


def _wait_until(true: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise Unavailable(f"{what} does not stop", hint="see the supervisor's log")
        time.sleep(_ASK_SECONDS)


def main() -> None:
    """Become the supervisor of the services kept in --root."""
    parser = argparse.ArgumentParser(prog="odooops_dagster.tools.runtime.process", description=main.__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder that keeps the services")
    parser.add_argument("--foreground", action="store_true", help="stay a child of the caller and end with it")
    options = parser.parse_args()
    ServiceSupervisor(options.root).become(foreground=options.foreground)


if __name__ == "__main__":
    main()
