"""A place to run the real Odoo by hand: a database server, an installation, a folder."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex

import httpx

from odooops_dagster.model import Build, CheckResult, DatabaseAccess, JobResult, Source
from odooops_dagster.tools.odoo import commands, environment, modules
from odooops_dagster.tools.odoo.distribution import Installation
from odooops_dagster.tools.odoo.judge import judge
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.acceptance.platform import CACHE, free_ports
from tests.servers import PostgresServer


class Bench:
    """A database server, an Odoo, and a folder to work in."""

    def __init__(self, server: PostgresServer, installation: Installation, folder: Path) -> None:
        self.installation = installation
        self.folder = folder
        self.server = server
        self.databases = OdooDatabases(server.url("postgres"), secrets=folder / "secrets")
        self.mark = f"odoo{token_hex(4)}"
        self.port = free_ports(1)[0]

    def build(self, *, addons: Path | None = None, requirements: str = "") -> Build:
        """Return what to run: Odoo with the folder's modules and the requirements."""
        file = self.folder / "requirements.txt"
        file.write_text(requirements)
        python = environment.overlay(self.installation, requirements=[file], home=CACHE, progress=print)
        own = (addons,) if addons else ()
        source = Source(
            path=self.folder, git_sha="0" * 40, tree_digest="", addons_paths=own, modules=(), requirements=(file,)
        )
        return Build(
            digest="sha256:0",
            series=self.installation.series,
            odoo_revision=self.installation.revision,
            python=python.python,
            addons_paths=(*own, *python.addons_paths, *self.installation.addons_paths),
            modules=(),
            closure=(),
            source=source,
        )

    def database(self, word: str, *, template: str | None = None) -> DatabaseAccess:
        """Return a new environment's database."""
        name = f"{self.mark}_{word}"
        self.databases.ensure_role(name)
        self.databases.create(name, owner=name, template=template)
        return self.databases.access(name, role=name)

    def filestore(self, access: DatabaseAccess) -> Path:
        """Return where Odoo keeps the database's files."""
        return self.folder / "data" / "filestore" / access.database

    def config(self, build: Build, access: DatabaseAccess, *, cron_threads: int = 0) -> Path:
        """Write the configuration file."""
        path = self.folder / f"{access.database}.conf"
        path.touch(mode=0o600)
        path.write_text(
            commands.config_file(
                access,
                data_dir=self.folder / "data",
                addons_paths=build.addons_paths,
                port=self.port,
                series=build.series,
                cron_threads=cron_threads,
            )
        )
        return path

    def install(self, build: Build, access: DatabaseAccess, *names: str) -> dict[str, CheckResult]:
        """Install the modules, run their tests, and return the checks by name."""
        tested = modules.with_tests([name for name in names if name not in {"base", "web"}], build.addons_paths)
        command = commands.install_command(build, self.config(build, access), names=names, tests=tested)
        result = self.run(command, access.database)
        states = module_states(access)
        checks = judge(result, OdooLog.read(result.log_path), states, wanted=names, tested=tested)
        return {check.name: check for check in checks}

    def run(self, command: Sequence[str], name: str) -> JobResult:
        """Run a command as a runtime does: nothing of our environment, everything it says in a file."""
        log_path = self.folder / f"{name}.log"
        started = time.monotonic()
        with log_path.open("wb") as log:
            done = subprocess.run(
                command, env=clean(), cwd=self.folder, stdout=log, stderr=log, check=False, timeout=600
            )
        seconds = time.monotonic() - started
        return JobResult(exit_status=done.returncode, timed_out=False, seconds=seconds, log_path=log_path)


def clean() -> dict[str, str]:
    """Return the little of our environment that a runtime passes on."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}


def fetch(url: str) -> str | None:
    """Return the page, or None where nobody answers."""
    try:
        answer = httpx.get(url, timeout=60, follow_redirects=True)
    except httpx.HTTPError:
        return None
    return answer.text if answer.is_success else None
