"""The Runtime protocol, which every runtime implements; one test suite covers all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from odooops_dagster.model import Job, JobResult, Service, ServiceStatus

# Asked while a job runs; a sentence ends the job, an empty text lets it run.
EndIf = Callable[[], str]
# Called with each line of a job's output, without its newline, while the job runs.
OnLine = Callable[[str], None]
# Makes of a service's command line that of a program to run beside it.
Beside = Callable[[tuple[str, ...]], tuple[str, ...]]


class Runtime(Protocol):
    """Runs jobs that end and services that stay; every method is idempotent."""

    def execute(self, job: Job, *, on_line: OnLine | None = None, end_if: EndIf | None = None) -> JobResult:
        """Run the job to its end; kill it and all its children at its time limit, for a reason, or with the caller."""

    def start(self, service: Service) -> ServiceStatus:
        """Run the service with exactly this definition; replace a service of the same name."""

    def stop(self, name: str, *, remove: bool = False) -> ServiceStatus:
        """Stop the service; keep its definition for a later start by the platform unless `remove`."""

    def status(self, name: str | None = None) -> list[ServiceStatus]:
        """Return the state of one service ('absent' when unknown) or of all."""

    def logs(self, name: str, *, tail: int = 200) -> list[str]:
        """Return the last lines the service wrote, oldest first."""


class InteractiveRuntime(Runtime, Protocol):
    """A runtime of people, too: it opens terminals."""

    def attach(self, name: str, command: Beside) -> int:
        """Run a program beside the service, as its own programs run, with our input and output; return its status.

        Raises:
            NotFound: the service is unknown.
            Unavailable: this runtime has no way to do so.
        """
