"""Where things run: the Runtime protocol that every runtime fulfils and one suite of tests proves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from odooops_dagster.model import Job, JobResult, Service, ServiceStatus

# Called with each line a job writes, without its newline, while the job works.
OnLine = Callable[[str], None]


class Runtime(Protocol):
    """Runs jobs that end and services that stay; every method may be told twice."""

    def execute(self, job: Job, *, on_line: OnLine | None = None) -> JobResult:
        """Run the job to its end; kill it and all its children at its time limit or when the caller dies."""

    def start(self, service: Service) -> ServiceStatus:
        """Make the service run with exactly this definition, replacing another of its name."""

    def stop(self, name: str, *, remove: bool = False) -> ServiceStatus:
        """Stop the service; keep its definition for a later start by the platform unless `remove`."""

    def status(self, name: str | None = None) -> list[ServiceStatus]:
        """Return the state of one service ('absent' when unknown) or of all."""

    def logs(self, name: str, *, tail: int = 200) -> list[str]:
        """Return the last lines the service wrote, oldest first."""
