"""The stack of `ops up`: starts all programs in order under one supervisor, and ends them without leftovers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from itertools import groupby

from odooops_dagster.errors import Unavailable
from odooops_dagster.home import WEBHOOK_SECRET
from odooops_dagster.local import limits, lock, preflight, stopping, tether
from odooops_dagster.local import programs as layout
from odooops_dagster.local.postgres import DatabaseUrls, database_urls, embedded_servers
from odooops_dagster.local.readiness import probes
from odooops_dagster.local.relocate import relocate
from odooops_dagster.local.report import Report, StartupProgress
from odooops_dagster.local.secrets import read_or_create_secret
from odooops_dagster.local.settling import settle
from odooops_dagster.local.stack_environment import stack_environment
from odooops_dagster.local.startup import Startup, write_files
from odooops_dagster.local.supervisor import StackSupervisor
from odooops_dagster.local.watch import Stopped, Watch, end_everything, hand_over, stop_signals
from odooops_dagster.settings import Settings

PrepareDatabase = Callable[[DatabaseUrls], None]


class Stack:
    """The platform's programs on this machine, started by this process, which then watches them."""

    def __init__(self, settings: Settings, *, prepare_database: PrepareDatabase, report: Report) -> None:
        self._settings = settings
        self._home = settings.home
        self._prepare_database = prepare_database
        self._report = report
        self._servers = embedded_servers(settings)
        self._supervisor = StackSupervisor(settings.home)
        self._watch: Watch | None = None

    def run(self, *, on_ready: Callable[[], None]) -> None:
        """Start everything, call `on_ready` when it answers, and become the program that watches it.

        Returns if a stop is requested before, or by `on_ready` (Stopped), after it has ended everything.
        """
        # The modes below the state folder are ours to decide: if we are root, other accounts have to read some of it.
        os.umask(0o022)
        preflight.refuse_if_broken(self._settings)
        with lock.hold(self._home) as held, stop_signals():
            try:
                process = self._start(held)
                on_ready()
                hand_over(self._home, process, lock=held)
            except Stopped:
                self._report(StartupProgress(name="stack", state="stopping"))
            except Unavailable:
                if self._watch is not None:
                    self._watch.refuse_dead_supervisor()  # a dead supervisor is the cause of the other error
                raise
            finally:
                end_everything(self._home, self._watch)

    def _start(self, held: int) -> subprocess.Popen[bytes]:
        self._report(StartupProgress(name="limits", state="known", detail=limits.keep(self._settings)))
        tether.adopt_orphans()
        stopping.withdraw(self._home)
        self._settle()
        self._clear_the_way()
        urls = database_urls(self._settings)
        chosen = layout.programs(self._settings, self._servers)
        environment = self._environment(urls)
        write_files(self._settings, chosen, environment=environment)
        process = self._supervisor.spawn(environment=environment, lock=held)
        self._watch = Watch(self._home, process, report=self._report)
        startup = Startup(
            self._supervisor,
            probes(self._settings, self._servers, dagster_url=urls.dagster),
            home=self._home,
            report=self._report,
        )
        for stage, group in groupby(chosen, key=lambda program: program.stage):
            startup.bring_up(list(group))
            if stage == layout.DATABASE_STAGE:
                for server in self._servers:
                    server.provision()
                self._prepare_database(urls)
        if not self._servers:
            self._prepare_database(urls)
        return process

    def _settle(self) -> None:
        """Rewrite files that contain former paths of the state folder."""
        moved = relocate(self._home, self._settings.cache_home)
        if moved is not None:
            former = ", ".join(map(str, moved.former))
            self._report(StartupProgress(name="paths", state="renewed", detail=f"{moved.files} files named {former}"))

    def _clear_the_way(self) -> None:
        """Bring the clusters into order, and stop servers that run without a supervisor, so that ours can start them.

        The platform's own databases are moved out of an earlier version's cluster, which held all of them.
        """
        moved = settle(self._settings)
        if moved is not None:
            detail = f"{moved.rows} rows of {', '.join(moved.databases)} have a cluster of their own now"
            self._report(StartupProgress(name="databases", state="moved", detail=detail))
        for server in self._servers:
            server.refuse_taken_port()

    def _environment(self, urls: DatabaseUrls) -> dict[str, str]:
        given = self._settings.github_webhook_secret
        secret = given.get_secret_value() if given else read_or_create_secret(self._home, WEBHOOK_SECRET)
        return stack_environment(self._settings, urls, webhook_secret=secret)
