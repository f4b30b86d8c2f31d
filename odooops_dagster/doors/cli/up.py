"""`ops up`: the whole platform on this machine."""

from __future__ import annotations

import json as json_text
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.migrate import migrate, status
from odooops_dagster.doors.cli.lookup import living
from odooops_dagster.doors.cli.output import Json, note
from odooops_dagster.doors.cli.status import print_overview
from odooops_dagster.doors.cli.ui import login_link
from odooops_dagster.errors import Forbidden, Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.home import former_ports_file, program_log
from odooops_dagster.local.overview import overview
from odooops_dagster.local.postgres import DatabaseUrls
from odooops_dagster.local.sandboxes import TRUSTING
from odooops_dagster.local.stack import Stack
from odooops_dagster.local.startup import StartupProgress
from odooops_dagster.settings import Settings

Detach = Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready; `ops down` ends it.")]
TrustPushers = Annotated[
    bool,
    typer.Option("--trust-pushers", help="Run pushed code without a sandbox, as if its authors had a shell here."),
]


def up(detach: Detach = False, trust_pushers: TrustPushers = False, json: Json = False) -> None:
    """Start the platform and keep it running until Ctrl-C."""
    settings = Settings(trust_pushers=True) if trust_pushers else Settings()
    found = overview(settings)
    if found.running:
        note(f"already running: process {found.pid} keeps {found.home}; `ops down` ends it")
        print_overview(found, json=json)
        return
    let_go = _detach(program_log(settings.home, "up")) if detach else _stay
    note(f"state folder {settings.home}")
    if settings.trust_pushers:
        note(f"WARNING: {TRUSTING}")
    stack = Stack(settings, prepare_database=lambda urls: prepare_database(settings, urls), report=report)
    stack.run(on_ready=lambda: _ready(settings, let_go=let_go, json=json))


def prepare_database(settings: Settings, urls: DatabaseUrls) -> None:
    """Migrate the schema on our own server, and tell the router which ports lead to which environment.

    An external server is left to its owner.
    """
    if settings.database_url is None:
        migrate(urls.owner)
    elif pending := status(urls.owner).pending:
        raise Unavailable(f"the control plane's schema lacks {len(pending)} migrations", hint="ops db migrate")
    with ControlPlane(urls.gateway) as control:
        _refuse_other_login(control)
    with ControlPlane(urls.worker) as control:
        former = {each.port: each.host_label for each in living(control.environments.list()) if each.port}
    write_whole(former_ports_file(settings.home), json_text.dumps(former).encode())


def _refuse_other_login(gateway: ControlPlane) -> None:
    """Refuse to start a gateway that may not receive: earlier versions gave it the worker's login."""
    try:
        gateway.pushes.require_receiver()
    except Forbidden as exc:
        raise Unavailable(
            f"the gateway's login may not receive deliveries: {exc}",
            hint="give ops_gateway a password, and name it in ODOOOPS_GATEWAY_DATABASE_URL",
        ) from exc


def _ready(settings: Settings, *, let_go: Callable[[], None], json: bool) -> None:
    found = overview(settings)
    if json:
        print_overview(found, json=True)
    note(f"\nDagster  {login_link(settings)}\nGateway  {found.gateway_url}")
    note("The link to Dagster works once; `ops ui` prints another one")
    note("`ops down` ends it" if let_go is not _stay else "Ctrl-C ends it")
    let_go()


def report(progress: StartupProgress) -> None:
    """Print one line about the start."""
    words = (f"  {progress.name:<14}{progress.state:<10}", f"{progress.address:<32}", progress.detail)
    note("".join(words).rstrip())


def _stay() -> None:
    """Stay in the foreground of the terminal."""


def _detach(log: Path) -> Callable[[], None]:
    """Fork the process that stays; the calling process waits until the platform is ready, then exits."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        _wait_for_word(reading, child)
    os.close(reading)
    os.setsid()

    def let_go() -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for old, new in ((0, nothing), (1, descriptor), (2, descriptor)):
            os.dup2(new, old)
        os.write(writing, b"1")
        os.close(writing)

    return let_go


def _wait_for_word(reading: int, child: int) -> None:
    """Exit with status 0 when the child reports that all is ready, with 1 if it ends before."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: os.kill(child, signal.SIGTERM))
    ready = os.read(reading, 1)
    sys.stdout.flush()
    os._exit(0 if ready else 1)
