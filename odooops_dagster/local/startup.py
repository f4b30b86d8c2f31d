"""Writes the programs' files, starts the programs in order, and waits until they answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from odooops_dagster.errors import Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.home import (
    code_socket,
    dagster_home,
    fork_socket,
    instance_file,
    program_definition,
    program_log,
    supervisor_configuration,
    workspace_file,
)
from odooops_dagster.local import programs as layout
from odooops_dagster.local.front_sandboxes import front_sandbox
from odooops_dagster.local.programs import Program
from odooops_dagster.local.readiness import Probe
from odooops_dagster.local.report import Report, StartupProgress
from odooops_dagster.local.supervisor import ProgramState, StackSupervisor
from odooops_dagster.local.watch import refuse_if_asked
from odooops_dagster.settings import Settings

# The import of Dagster and the code takes seconds, on a small busy machine a minute.
READY_SECONDS = 240.0


class Startup:
    """Starts programs together and waits until each answers, or raises the reason why one does not."""

    def __init__(self, supervisor: StackSupervisor, probes: Mapping[str, Probe], *, home: Path, report: Report) -> None:
        self._supervisor = supervisor
        self._probes = probes
        self._home = home
        self._report = report

    def bring_up(self, group: Sequence[Program]) -> None:
        """Start the programs and return when all of them answer."""
        started = time.monotonic()
        marks = {program.name: self._log_size(program.name) for program in group}
        first: dict[str, int] = {}
        waiting = {program.name: program for program in group}
        for name, program in waiting.items():
            self._probe(name)  # some probes compare with the state before the start
            self._supervisor.start(program)
        while waiting:
            states = self._supervisor.states()
            for name, program in list(waiting.items()):
                progress = self._progress(program, states[name], first=first, mark=marks[name], started=started)
                if progress is not None:
                    self._report(progress)
                    del waiting[name]
            self._refuse_late(waiting, started=started)
            time.sleep(0.1)
            refuse_if_asked()

    def _progress(
        self, program: Program, state: ProgramState, *, first: dict[str, int], mark: int, started: float
    ) -> StartupProgress | None:
        """Return the line about the program if nobody need wait for it any longer, else None."""
        try:
            if not self._is_up(state, first=first, mark=mark):
                return None
        except Unavailable as exc:
            if not program.optional:
                raise
            return StartupProgress(name=program.name, state="failed", detail=f"{exc}; {exc.hint}")
        seconds = f"{time.monotonic() - started:.1f} s"
        return StartupProgress(name=program.name, state="ready", address=program.address, detail=seconds)

    def _is_up(self, state: ProgramState, *, first: dict[str, int], mark: int) -> bool:
        """Return whether the program answers; raise Unavailable if it has ended, because a restart would end too."""
        if state.pid is not None:
            first.setdefault(state.name, state.pid)
        ended = state.state in {"backoff", "exited", "fatal"} or first.get(state.name, state.pid) != state.pid
        if ended:
            raise Unavailable(
                f"{state.name} did not start: {self._last_words(state.name, mark=mark)}",
                hint=f"read {self._log(state.name)}",
            )
        return state.state == "running" and self._probe(state.name)

    def _probe(self, name: str) -> bool:
        probe = self._probes.get(name)
        return probe is None or probe()

    def _refuse_late(self, waiting: Mapping[str, Program], *, started: float) -> None:
        if waiting and time.monotonic() - started > READY_SECONDS:
            name = next(iter(waiting))
            raise Unavailable(
                f"{name} does not answer after {READY_SECONDS:.0f} seconds", hint=f"read {self._log(name)}"
            )

    def _log(self, name: str) -> Path:
        return program_log(self._home, name)

    def _log_size(self, name: str) -> int:
        log = self._log(name)
        return log.stat().st_size if log.exists() else 0

    def _last_words(self, name: str, *, mark: int) -> str:
        """Return the reason that the program logged since the mark for its end."""
        log = self._log(name)
        if not log.exists():
            return "it wrote nothing"
        with log.open("rb") as file:
            file.seek(mark)
            return last_words(file.read().decode(errors="replace"))


def last_words(text: str) -> str:
    """Return the line with the reason of a program's end: the last fatal one, else the last of the first cause."""
    cause = text.split("\nThe above exception was the direct cause", 1)[0]
    lines = [line.strip() for line in cause.splitlines() if line.strip()]
    fatal = [line for line in lines if " FATAL: " in line or " PANIC: " in line]
    return (fatal or lines or ["it wrote nothing"])[-1]


def write_files(settings: Settings, chosen: Sequence[Program], *, environment: Mapping[str, str]) -> None:
    """Write the programs' files: Dagster's instance and workspace, the supervisor's and launchers' configuration."""
    home = settings.home
    dagster_home(home).mkdir(mode=0o711, parents=True, exist_ok=True)
    write_whole(instance_file(home), instance_settings())
    write_whole(workspace_file(home), layout.workspace(settings).encode())
    for program in (program for program in chosen if program.contained):
        sandbox = front_sandbox(settings, program.name, environment)
        text = layout.definition(program, home=home, environment=environment, sandbox=sandbox)
        write_whole(program_definition(home, program.name), text.encode())
    write_whole(supervisor_configuration(home), layout.supervisor_ini(chosen, home=home).encode())
    for socket in (code_socket(home), fork_socket(home)):
        socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        socket.unlink(missing_ok=True)


def instance_settings() -> bytes:
    """Return dagster.yaml from the installed package, or else from the root of the checkout."""
    shipped = files("odooops_dagster.local") / "dagster.yaml"
    if shipped.is_file():
        return shipped.read_bytes()
    return (Path(__file__).parents[2] / "dagster.yaml").read_bytes()
