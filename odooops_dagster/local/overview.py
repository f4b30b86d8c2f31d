"""Reports the state of a state folder's stack, and ends it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from odooops_dagster.errors import Conflict, Unavailable
from odooops_dagster.home import remove_substitutes
from odooops_dagster.local import lock
from odooops_dagster.local.orphans import wait_gone
from odooops_dagster.local.postgres import embedded_servers
from odooops_dagster.local.programs import programs, ui_url, url
from odooops_dagster.local.readiness import Probe, standing_probes
from odooops_dagster.local.supervisor import ProgramState, StackSupervisor
from odooops_dagster.settings import Settings

# Each preview's Odoo may need its grace period, one after the other, before PostgreSQL stops.
STOP_SECONDS = 240.0
# A stop that takes longer says what it waits for: its programs end one stage after the other.
_QUIET_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class PlatformService:
    """One program of the stack."""

    name: str
    state: str
    pid: int | None
    uptime_seconds: int | None
    address: str
    detail: str
    answers: bool


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The whole stack; `pid` is its main process, `healthy` is true if every program runs and answers."""

    home: str
    running: bool
    healthy: bool
    pid: int | None
    dagster_url: str
    gateway_url: str
    services: tuple[PlatformService, ...]


def overview(settings: Settings) -> Overview:
    """Return the state of the stack."""
    pid = lock.holder(settings.home)
    services = _services(settings) if pid is not None else ()
    return Overview(
        home=str(settings.home),
        running=pid is not None,
        healthy=bool(services) and all(service.answers for service in services),
        pid=pid or None,
        dagster_url=ui_url(settings),
        gateway_url=url(settings.host, settings.gateway_port),
        services=services,
    )


def bring_down(settings: Settings, *, report: Callable[[str], object] = lambda _: None) -> bool:
    """End the stack with all its processes, and return whether it ran; report what it still waits for."""
    pid = lock.holder(settings.home)
    if pid is not None:
        report(f"stopping process {pid} and all that it started")
        _ask_to_end(settings, pid)
        if not (_released(settings, report=report) and wait_gone(pid, timeout=STOP_SECONDS)):
            raise Unavailable(f"the stack does not end (process {pid})", hint=f"kill -9 {pid}, then ops down")
    left = [server for server in embedded_servers(settings) if server.running()]
    for server in left:
        server.stop()
    _remove_leftovers(settings)
    return pid is not None or bool(left)


def _ask_to_end(settings: Settings, pid: int) -> None:
    try:
        if pid:
            os.kill(pid, signal.SIGTERM)
            return
    except ProcessLookupError:
        pass  # the stack was killed: its supervisor is ending, and a shutdown call does no harm
    try:
        StackSupervisor(settings.home).shut_down()
    except Unavailable:
        return


def _remove_leftovers(settings: Settings) -> None:
    """Remove what a stack that was killed has left below /tmp, unless another one has started by now."""
    with suppress(Conflict, OSError), lock.hold(settings.home):
        remove_substitutes(settings.home)


def _released(settings: Settings, *, report: Callable[[str], object]) -> bool:
    """Wait for the end of the stack's processes; return False if the time is over first."""
    if lock.wait_released(settings.home, timeout=_QUIET_SECONDS):
        return True
    report("environments finish the requests at which they work; the databases end last")
    return lock.wait_released(settings.home, timeout=STOP_SECONDS)


def _services(settings: Settings) -> tuple[PlatformService, ...]:
    try:
        states = StackSupervisor(settings.home).states()
    except Unavailable:
        return ()  # the supervisor is starting or ending
    servers = embedded_servers(settings)
    known = {program.name: program for program in programs(settings, servers) if program.name in states}
    probes = standing_probes(settings, servers)
    with ThreadPoolExecutor(max_workers=len(known) or 1) as pool:
        answers = list(pool.map(lambda name: _answers(states[name], probes.get(name)), known))
    return tuple(
        _service(states[name], program.address, answers=answer)
        for (name, program), answer in zip(known.items(), answers, strict=True)
    )


def _answers(state: ProgramState, probe: Probe | None) -> bool:
    """Return whether the program runs and its probe, if any, succeeds."""
    if state.state != "running":
        return False
    try:
        return probe is None or probe()
    except Unavailable:
        return False


def _service(state: ProgramState, address: str, *, answers: bool) -> PlatformService:
    mute = state.state == "running" and not answers
    return PlatformService(
        name=state.name,
        state=state.state,
        pid=state.pid,
        uptime_seconds=state.uptime_seconds,
        address=address,
        detail=state.detail or ("does not answer" if mute else ""),
        answers=answers,
    )
