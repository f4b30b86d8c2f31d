"""A runtime that keeps definitions in memory, without a supervisor; a thread keeps each service running."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from uuid import uuid4

from odooops_dagster.model import Job, JobResult, Service, ServiceStatus
from odooops_dagster.tools.runtime import Beside, EndIf, OnLine, launch
from odooops_dagster.tools.runtime.definitions import START_RETRIES, START_SECONDS, checked_name
from odooops_dagster.tools.runtime.job import definition_of, launch_argv, run_job, tell
from odooops_dagster.tools.runtime.tail import tail_of
from odooops_dagster.tools.runtime.terminal import attach

# A launcher needs at most its time of grace and its time to kill.
END_SECONDS = 60.0


class MemoryRuntime:
    """Runs jobs and services as children of the caller, which end with it."""

    def __init__(self) -> None:
        self._services: dict[str, _Kept] = {}
        self._lock = threading.RLock()

    def resume(self) -> list[ServiceStatus]:
        """Start every service that ran when `shut_down` was called."""
        with self._lock:
            for kept in self._services.values():
                if kept.wanted:
                    kept.begin()
        return self.status()

    def shut_down(self) -> None:
        """Stop every service; `resume` starts those that ran."""
        with self._lock:
            for kept in self._services.values():
                kept.end()

    def execute(self, job: Job, *, on_line: OnLine | None = None, end_if: EndIf | None = None) -> JobResult:
        """Run the job to its end; leave none of its processes, even if we are killed."""
        return run_job(job, on_line=on_line, end_if=end_if)

    def start(self, service: Service) -> ServiceStatus:
        """Run the service with exactly this definition; replace a service of the same name."""
        with self._lock:
            kept = self._services.get(checked_name(service.name))
            if kept is not None and (kept.service != service or kept.status().state != "running"):
                kept.end()
                kept = None
            if kept is None:
                kept = self._services[service.name] = _Kept(service)
                kept.begin()
            return kept.status()

    def stop(self, name: str, *, remove: bool = False) -> ServiceStatus:
        """Stop the service, and delete its definition if `remove`."""
        with self._lock:
            kept = self._services.get(checked_name(name))
            if kept is not None:
                kept.wanted = False
                kept.end()
            if remove:
                self._services.pop(name, None)
                for place in () if kept is None else (kept.service.socket, kept.service.bus):
                    if place is not None:
                        place.unlink(missing_ok=True)
            return self._status(name)

    def status(self, name: str | None = None) -> list[ServiceStatus]:
        """Return the state of one service ('absent' when unknown) or of all."""
        with self._lock:
            names = sorted(self._services) if name is None else [checked_name(name)]
            return [self._status(each) for each in names]

    def attach(self, name: str, command: Beside) -> int:
        """Run a program beside the service, in its sandbox, with our input and output; return its status."""
        kept = self._services.get(name)
        return attach(name, kept.service if kept is not None else None, command)

    def logs(self, name: str, *, tail: int = 200) -> list[str]:
        """Return the last lines the service wrote, oldest first; an empty list for an unknown service."""
        kept = self._services.get(checked_name(name))
        return [] if kept is None else tail_of(kept.service.log_path, lines=tail)

    def _status(self, name: str) -> ServiceStatus:
        kept = self._services.get(name)
        return ServiceStatus(name=name, state="absent") if kept is None else kept.status()


class _Kept:
    """One service and the thread that restarts it when it ends."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.wanted = True
        self._mark = f"service:{uuid4()}"
        self._ending = threading.Event()
        self._begun = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the service unless its thread runs; return when it has a process or failed to start."""
        self.wanted = True
        if self._thread is not None and self._thread.is_alive():
            return
        self._ending.clear()
        self._begun.clear()
        # The death signal is tied to the thread that started the program, so this thread lives as long as the program.
        self._thread = threading.Thread(target=self._keep, name=f"service {self.service.name}", daemon=True)
        self._thread.start()
        self._begun.wait()

    def end(self) -> None:
        """Stop the service and wait for its end."""
        self._ending.set()
        process, thread = self._process, self._thread
        if process is not None and process.poll() is None:
            process.terminate()
        if thread is not None:
            thread.join(END_SECONDS)
            while thread.is_alive():
                self._kill()
                thread.join(1)

    def _kill(self) -> None:
        """Kill a launcher that outlasts its own limits; its thread then kills the program."""
        if self._process is not None:
            self._process.kill()

    def status(self) -> ServiceStatus:
        """Return the state of the process."""
        name, port, process = self.service.name, self.service.port, self._process
        if self._ending.is_set() or self._thread is None:
            return ServiceStatus(name=name, state="stopped", port=port)
        if process is not None and process.poll() is None:
            return ServiceStatus(name=name, state="running", pid=process.pid, port=port)
        ended = "its log cannot be written" if process is None else f"exit status {process.returncode}"
        return ServiceStatus(name=name, state="failed", port=port, detail=ended)

    def _keep(self) -> None:
        failures = 0
        while not self._ending.is_set() and failures <= START_RETRIES:
            lived = self._run_once()
            failures = 0 if lived else failures + 1
            self._ending.wait(failures)

    def _run_once(self) -> bool:
        """Run the service to its end; return whether it lived for START_SECONDS."""
        started = time.monotonic()
        try:
            self._process = process = self._launch()
        finally:
            self._begun.set()
        if self._ending.is_set():
            process.terminate()
        process.wait()
        launch.kill_marked(self._mark)  # if the launcher was killed, its orphans are ours
        return time.monotonic() - started >= START_SECONDS

    def _launch(self) -> subprocess.Popen[bytes]:
        self.service.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.service.log_path.open("ab") as log:
            process = subprocess.Popen(
                launch_argv("-", parent=str(os.getpid())),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={},
                start_new_session=True,
            )
        tell(process, definition_of(self.service, mark=self._mark), name=self.service.name)
        return process
