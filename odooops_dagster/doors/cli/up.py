"""`ops up`: the whole platform on this machine."""

from __future__ import annotations

import json as json_text
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.lookup import living
from odooops_dagster.doors.cli.output import Json, note
from odooops_dagster.doors.cli.patience import patience
from odooops_dagster.doors.cli.ports import read_settings
from odooops_dagster.doors.cli.status import print_overview
from odooops_dagster.doors.cli.ui import login_link
from odooops_dagster.errors import Forbidden, Unavailable

if TYPE_CHECKING:
    from odooops_dagster.local.postgres import DatabaseUrls
    from odooops_dagster.local.report import StartupProgress
    from odooops_dagster.settings import Settings

Detach = Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready; `ops down` ends it.")]
TrustPushers = Annotated[
    bool,
    typer.Option("--trust-pushers", help="Run pushed code without a sandbox, as if its authors had a shell here."),
]
RuntimeName = Annotated[
    Literal["process", "docker"] | None,
    typer.Option("--runtime", help="What environments run in; by default ODOOOPS_RUNTIME, which is process."),
]
NewSealingKey = Annotated[
    bool,
    typer.Option("--new-sealing-key", help="Give up the values of variables, whose key is lost; set them again."),
]


def up(
    detach: Detach = False,
    trust_pushers: TrustPushers = False,
    runtime: RuntimeName = None,
    new_sealing_key: NewSealingKey = False,
    json: Json = False,
) -> None:
    """Start the platform and keep it running until Ctrl-C."""
    from odooops_dagster.home import program_log
    from odooops_dagster.local.overview import overview
    from odooops_dagster.local.sandboxes import TRUSTING
    from odooops_dagster.local.stack import Stack

    settings = read_settings()
    told = {"trust_pushers": trust_pushers or settings.trust_pushers, "runtime": runtime or settings.runtime}
    settings = settings.model_copy(update=told)
    found = overview(settings)
    if found.running:
        note(f"already running: process {found.pid} keeps {found.home}; `ops down` ends it")
        print_overview(found, json=json)
        return
    let_go = _detach(program_log(settings.home, "up")) if detach else _stay
    note(f"state folder {settings.home}")
    if settings.trust_pushers:
        note(f"WARNING: {TRUSTING}")
    with patience() as waiting:

        def on_ready() -> None:
            waiting.end()
            _ready(settings, let_go=let_go, json=json)

        def prepare(urls: DatabaseUrls) -> None:
            prepare_database(settings, urls, gives_up=new_sealing_key)

        stack = Stack(settings, prepare_database=prepare, report=report)
        stack.run(on_ready=on_ready)


def prepare_database(settings: Settings, urls: DatabaseUrls, *, gives_up: bool = False) -> None:
    """Migrate the schema on our own server, and tell the router which ports lead where, and what is open.

    Commands learn which runtime the stack has.

    An external server is left to its owner.
    """
    from odooops_dagster.control.migrate import migrate, status
    from odooops_dagster.files import write_whole
    from odooops_dagster.home import former_ports_file, runtime_file
    from odooops_dagster.local.sealing_key import record_sealing_key
    from odooops_dagster.tools.front import openings

    if settings.database_url is None:
        migrate(urls.owner)
    elif pending := status(urls.owner).pending:
        raise Unavailable(f"the control plane's schema lacks {len(pending)} migrations", hint="ops db migrate")
    with ControlPlane(urls.gateway) as control:
        _refuse_other_login(control)
    with ControlPlane(urls.worker) as control:
        record_sealing_key(settings.home, control, gives_up=gives_up)
        recorded = control.environments.list()
    former = {each.port: each.host_label for each in living(recorded) if each.port}
    write_whole(runtime_file(settings.home), f"{settings.runtime}\n".encode())
    write_whole(former_ports_file(settings.home), json_text.dumps(former).encode())
    openings.tell_of(settings.home, recorded)


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
    from odooops_dagster.local.overview import overview

    found = overview(settings)
    if json:
        print_overview(found, json=True)
    # A link logs in who reads it: a log of a service manager or a container keeps what a terminal forgets.
    dagster = login_link(settings) if sys.stderr.isatty() else found.dagster_url
    note(f"\nDagster  {dagster}\nGateway  {found.gateway_url}")
    note("`ops ui` prints a link to Dagster that works once, `ops console` one to the console")
    note("`ops down` ends it" if let_go is not _stay else "Ctrl-C ends it")
    let_go()


def report(progress: StartupProgress) -> None:
    """Print one line about the start."""
    note(str(progress))


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
