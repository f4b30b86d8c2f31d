"""A runtime of threads: the Odoo that stands in answers from this process, as starting programs takes long."""

from __future__ import annotations

import configparser
import io
import threading
from collections.abc import Sequence
from contextlib import redirect_stdout
from itertools import count
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from odooops_dagster.model import Job, JobResult, Service, ServiceStatus
from odooops_dagster.tools.runtime import EndIf, OnLine, Runtime
from tests.dagster import stand_in_odoo
from tests.web_servers import UnixServer

KEY = b"a walk"


class ThreadRuntime:
    """Services are servers in threads of this process, jobs are calls."""

    def __init__(self) -> None:
        self._services: dict[str, _Served] = {}
        self._numbers = count(1)

    def execute(
        self,
        job: Job,
        *,
        on_line: OnLine | None = None,
        end_if: EndIf | None = None,  # noqa: ARG002 - a call cannot be ended
    ) -> JobResult:
        """Do what the command line asks for, in the caller's own process."""
        return execute(job, on_line=on_line)

    def start(self, service: Service) -> ServiceStatus:
        """Serve as the definition says, in the place of another of its name."""
        kept = self._services.get(service.name)
        if kept is None or kept.service != service or not kept.is_running:
            self.stop(service.name)
            self._services[service.name] = _Served(service, number=next(self._numbers))
        return self._services[service.name].status()

    def stop(self, name: str, *, remove: bool = False) -> ServiceStatus:
        """Stop it, and forget it if told to."""
        kept = self._services.get(name)
        if kept is not None:
            kept.end()
        if remove:
            self._services.pop(name, None)
        return self.status(name)[0]

    def status(self, name: str | None = None) -> list[ServiceStatus]:
        """Return the state of one service or of all."""
        if name is None:
            return [self._services[each].status() for each in sorted(self._services)]
        kept = self._services.get(name)
        return [ServiceStatus(name=name, state="absent") if kept is None else kept.status()]

    def logs(self, name: str, *, tail: int = 200) -> list[str]:
        """Return nothing: this Odoo is silent."""
        return [f"{name} said nothing"][:tail]

    def shut_down(self) -> None:
        """End and forget every service."""
        for name in list(self._services):
            self.stop(name, remove=True)


class RuntimeFromAfar:
    """The services of another process; jobs are done in this one."""

    def __init__(self, address: tuple[str, int]) -> None:
        manager = _Manager(address=address, authkey=KEY)
        manager.connect()
        self._far: Any = manager.runtime()  # type: ignore[attr-defined]

    def execute(
        self,
        job: Job,
        *,
        on_line: OnLine | None = None,
        end_if: EndIf | None = None,  # noqa: ARG002 - a call cannot be ended
    ) -> JobResult:
        """Do what the command line asks for."""
        return execute(job, on_line=on_line)

    def start(self, service: Service) -> ServiceStatus:
        """Start it there."""
        status: ServiceStatus = self._far.start(service)
        return status

    def stop(self, name: str, *, remove: bool = False) -> ServiceStatus:
        """Stop it there."""
        status: ServiceStatus = self._far.stop(name, remove=remove)
        return status

    def status(self, name: str | None = None) -> list[ServiceStatus]:
        """Ask there."""
        found: list[ServiceStatus] = self._far.status(name)
        return found

    def logs(self, name: str, *, tail: int = 200) -> list[str]:
        """Ask there."""
        lines: list[str] = self._far.logs(name, tail=tail)
        return lines


class _Manager(BaseManager):
    """Lets other processes call one runtime."""


_Manager.register("runtime")


def offer(runtime: Runtime) -> tuple[str, int]:
    """Let other processes use the services of this one, until it ends; return the address."""

    class Offered(BaseManager):
        """Has a register of its own: a class of managers shares one."""

    Offered.register("runtime", callable=lambda: runtime, exposed=("start", "stop", "status", "logs"))
    server = Offered(address=("127.0.0.1", 0), authkey=KEY).get_server()
    threading.Thread(target=server.serve_forever, name="runtime for others", daemon=True).start()
    address: Any = server.address
    return str(address[0]), int(address[1])


def execute(job: Job, *, on_line: OnLine | None) -> JobResult:
    """Install what the command line names, and write what was said to the job's log."""
    said = io.StringIO()
    with redirect_stdout(said):
        stand_in_odoo.main(_words(job.argv))
    job.log_path.parent.mkdir(parents=True, exist_ok=True)
    with job.log_path.open("a") as log:
        log.write(said.getvalue())
    for line in said.getvalue().splitlines():
        if on_line is not None:
            on_line(line)
    return JobResult(exit_status=0, timed_out=False, seconds=0.0, log_path=job.log_path)


class _Served:
    """One service, and the thread in which it answers."""

    def __init__(self, service: Service, *, number: int) -> None:
        self.service = service
        self._number = number
        self._server = _server(service)

    @property
    def is_running(self) -> bool:
        """Return whether it answers."""
        return self._server is not None

    def status(self) -> ServiceStatus:
        """Return what can be seen of it."""
        state = "running" if self._server is not None else "failed"
        return ServiceStatus(
            name=self.service.name,
            state=state,  # type: ignore[arg-type]
            pid=self._number if self._server is not None else None,
            port=self.service.port,
        )

    def end(self) -> None:
        """Stop answering."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _server(service: Service) -> UnixServer | None:
    """Return a server that answers, None for a commit that this Odoo cannot take."""
    options = _options(service.argv)
    if any((Path(path) / stand_in_odoo.BROKEN).exists() for path in options["addons_path"].split(",")):
        return None
    handler = type("Answers", (stand_in_odoo.Handler,), {"options": options})
    assert service.socket is not None
    server = UnixServer(service.socket, handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


def _options(argv: Sequence[str]) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(next(word.partition("=")[2] for word in argv if word.startswith("--config=")))
    return dict(parser["options"])


def _words(argv: Sequence[str]) -> list[str]:
    """Return the command line without the programs before it."""
    return [word for word in argv if word.startswith("--")]
