"""The stack of `ops up`: starts all programs in order under one supervisor, and ends them without leftovers."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import NoReturn

from odooops_dagster.errors import Unavailable
from odooops_dagster.home import WEBHOOK_SECRET
from odooops_dagster.local import lock, preflight, stopping, tether
from odooops_dagster.local import programs as layout
from odooops_dagster.local.orphans import end_orphans, reap
from odooops_dagster.local.postgres import DatabaseUrls, EmbeddedPostgres, database_urls, needs_embedded
from odooops_dagster.local.readiness import probes
from odooops_dagster.local.relocate import relocate
from odooops_dagster.local.secrets import read_or_create_secret
from odooops_dagster.local.stack_environment import stack_environment
from odooops_dagster.local.startup import Report, Startup, StartupProgress, write_files
from odooops_dagster.local.supervisor import ProgramState, StackSupervisor, terminate
from odooops_dagster.settings import Settings

# If the supervisor is killed, its programs end by themselves: launchers kill theirs, PostgreSQL stops fast.
ORPHAN_SECONDS = 20.0
_LOOK_SECONDS = 0.5
# A stopping supervisor stops the next program when it sees that the last one has ended.
_WAKE_SECONDS = 0.05
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PrepareDatabase = Callable[[DatabaseUrls], None]


class Stopped(BaseException):
    """The stack was asked to end; not an error, so that `except Exception` does not catch it."""


class Stack:
    """The platform's programs on this machine, run by this process."""

    def __init__(self, settings: Settings, *, prepare_database: PrepareDatabase, report: Report) -> None:
        self._settings = settings
        self._home = settings.home
        self._prepare_database = prepare_database
        self._report = report
        self._server = EmbeddedPostgres(settings.home, port=settings.postgres_port)
        self._supervisor = StackSupervisor(settings.home)
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, *, on_ready: Callable[[], None]) -> None:
        """Start everything, call `on_ready` when it answers, watch it until a stop is requested, and end everything."""
        # The modes below the state folder are ours to decide: if we are root, other accounts have to read some of it.
        os.umask(0o022)
        preflight.refuse_if_broken(self._settings)
        with lock.hold(self._home) as held, _stop_signals():
            try:
                self._start(held)
                on_ready()
                self._watch()
            except Stopped:
                self._report(StartupProgress(name="stack", state="stopping"))
            except Unavailable:
                self._refuse_dead_supervisor()  # a dead supervisor is the cause of the other error
                raise
            finally:
                _ignore_signals()
                self._stop()

    def _start(self, held: int) -> None:
        tether.adopt_orphans()
        stopping.withdraw(self._home)
        self._settle()
        embedded = needs_embedded(self._settings)
        if embedded:
            self._clear_the_way()
        urls = database_urls(self._settings)
        chosen = layout.programs(self._settings, self._server)
        environment = self._environment(urls)
        write_files(self._settings, chosen, environment=environment)
        self._process = self._supervisor.spawn(environment=environment, lock=held)
        startup = Startup(
            self._supervisor,
            probes(self._settings, self._server, dagster_url=urls.dagster),
            home=self._home,
            report=self._report,
        )
        for stage, group in groupby(chosen, key=lambda program: program.stage):
            startup.bring_up(list(group))
            if stage == layout.DATABASE_STAGE:
                self._server.provision()
                self._prepare_database(urls)
        if not embedded:
            self._prepare_database(urls)

    def _settle(self) -> None:
        """Rewrite files that contain former paths of the state folder."""
        moved = relocate(self._home, self._settings.cache_home)
        if moved is not None:
            former = ", ".join(map(str, moved.former))
            self._report(StartupProgress(name="paths", state="renewed", detail=f"{moved.files} files named {former}"))

    def _clear_the_way(self) -> None:
        """Initialize the server if needed; stop one that runs without a supervisor, so that ours can start it."""
        self._server.prepare()
        if self._server.running():
            self._server.stop()
        self._server.clear_leftovers()
        self._server.refuse_taken_port()

    def _environment(self, urls: DatabaseUrls) -> dict[str, str]:
        given = self._settings.github_webhook_secret
        secret = given.get_secret_value() if given else read_or_create_secret(self._home, WEBHOOK_SECRET)
        return stack_environment(self._settings, urls, webhook_secret=secret)

    def _watch(self) -> None:
        """Report every change of a program's state, while the supervisor lives."""
        known = self._supervisor.states()
        while True:
            time.sleep(_LOOK_SECONDS)
            self._refuse_dead_supervisor()
            reap(keep=self._process)
            try:
                states = self._supervisor.states()
            except Unavailable:
                continue  # the supervisor is busy or gone: the next round shows which
            for name, state in states.items():
                _tell_change(known[name], state, self._report)
            known = states

    def _refuse_dead_supervisor(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise Unavailable(f"the supervisor ended with status {self._process.returncode}", hint="ops up")

    def _stop(self) -> None:
        if self._process is not None:
            stopping.announce(self._home)
            terminate(self._process)
            while self._process.poll() is None:
                self._supervisor.wake()
                time.sleep(_WAKE_SECONDS)
        end_orphans(patience=ORPHAN_SECONDS)


def _tell_change(before: ProgramState, now: ProgramState, report: Report) -> None:
    if now.state != before.state:
        report(StartupProgress(name=now.name, state=now.state, detail=now.detail))
    elif now.pid != before.pid:
        report(StartupProgress(name=now.name, state="restarted"))


@contextmanager
def _stop_signals() -> Iterator[None]:
    """Raise Stopped on Ctrl-C, `ops down` and a closed terminal."""
    before = {number: signal.signal(number, _stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(_number: int, _frame: object) -> NoReturn:
    _ignore_signals()
    raise Stopped


def _ignore_signals() -> None:
    # The shutdown has a time limit; a second Ctrl-C must not interrupt it.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
