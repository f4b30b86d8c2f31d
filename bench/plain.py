"""Odoo as one runs it by hand: `odoo -i` or `odoo -u`, then `odoo` until its login page answers."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from odooops_dagster.errors import Conflict
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.loopback import loopback_client
from odooops_dagster.tools.odoo import commands, distribution
from odooops_dagster.tools.odoo import environment as python_environment
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.acceptance.platform import SERIES, free_ports
from tests.acceptance.repository import Repository

PATIENCE_SECONDS = 1800.0
LOOK_EVERY_SECONDS = 0.05
ROLE = "bench_plain"
_TRIES = 200


@dataclass(frozen=True, kw_only=True)
class PlainTimes:
    """What one installation and the boot after it took, in seconds."""

    install: float
    boot: float

    @property
    def total(self) -> float:
        """Return the time from nothing to a login page."""
        return self.install + self.boot


class PlainOdoo:
    """An Odoo beside the platform: the same program, Python and server, a role and a folder of its own."""

    def __init__(
        self, argv: Sequence[str], *, databases: OdooDatabases, addons_paths: Sequence[Path], folder: Path
    ) -> None:
        self._argv = list(argv)
        self._databases = databases
        self._addons_paths = addons_paths
        self._folder = folder

    def measure(self, module: str) -> PlainTimes:
        """Install the module and all it needs, boot, and forget it all again."""
        database, [port] = f"plain_{secrets.token_hex(4)}", free_ports(1)
        data = self._folder / database
        data.mkdir(parents=True)
        try:
            self._databases.create(database, owner=ROLE)
            config = self._config(database, data=data, port=port)
            install = self._install(config, module)
            return PlainTimes(install=install, boot=self._boot(config, port))
        finally:
            self._databases.drop(database)
            shutil.rmtree(data, ignore_errors=True)

    def measure_update(self, source: str, files: Path, module: str) -> float:
        """Return how long nobody can work while the module is updated by hand, in a copy of the database and its files.

        The copy's Odoo serves before: it is stopped, `odoo -u` updates the module, and Odoo is started again.
        """
        database, [port] = f"plain_{secrets.token_hex(4)}", free_ports(1)
        data = self._folder / database
        try:
            shutil.copytree(files, data / "filestore" / database)
            self._copy(source, database)
            config = self._config(database, data=data, port=port)
            self._boot(config, port)
            with self._running(config) as process:
                self._answered(config, port, process)
                started = time.monotonic()
            self._work(config, f"--update={module}", what=f"odoo -u {module}")
            with self._running(config) as process:
                return self._answered(config, port, process) - started
        finally:
            self._databases.drop(database)
            shutil.rmtree(data, ignore_errors=True)

    def measure_rehearsal(self, source: DatabaseAccess, files: Path, *, programs: Programs) -> float:
        """Return how long a rehearsal by hand takes: dump, load, copy of the files, update of all."""
        database, [port] = f"plain_{secrets.token_hex(4)}", free_ports(1)
        data = self._folder / database
        started = time.monotonic()
        try:
            shutil.copytree(files, data / "filestore" / database)
            self._databases.create(database, owner=ROLE)
            dump, target = data / "dump", self._databases.access(database, role=ROLE)
            subprocess.run([programs.path("pg_dump"), "-Fc", f"--file={dump}", conninfo(source)], check=True)
            loading = ["--no-owner", "--no-privileges", f"--dbname={conninfo(target)}", str(dump)]
            subprocess.run([programs.path("pg_restore"), *loading], check=True)
            self._work(self._config(database, data=data, port=port), "--update=all", what="odoo -u all")
            return time.monotonic() - started
        finally:
            self._databases.drop(database)
            shutil.rmtree(data, ignore_errors=True)

    def _copy(self, source: str, database: str) -> None:
        """Copy a database that serves: an ended connection is soon made again."""
        for _ in range(_TRIES):
            with suppress(Conflict):
                return self._databases.create(database, owner=ROLE, template=source)
        raise SystemExit(f"{source} is never without a connection")

    def _config(self, database: str, *, data: Path, port: int) -> Path:
        access = self._databases.access(database, role=ROLE)
        config = data / "odoo.conf"
        config.touch(mode=0o600)
        text = commands.config_file(access, data_dir=data, addons_paths=self._addons_paths, port=port, cron_threads=1)
        config.write_text(text)
        return config

    def _install(self, config: Path, module: str) -> float:
        started = time.monotonic()
        self._work(config, f"--init={module}", "--without-demo=True", what=f"odoo -i {module}")
        return time.monotonic() - started

    def _work(self, config: Path, *options: str, what: str) -> None:
        with self._running(config, *options, "--no-http", "--stop-after-init") as process:
            status = process.wait(PATIENCE_SECONDS)
        if status != 0:
            raise SystemExit(f"{what} ended with status {status}:\n{_tail(config)}")

    def _boot(self, config: Path, port: int) -> float:
        started = time.monotonic()
        with self._running(config) as process:
            return self._answered(config, port, process) - started

    def _answered(self, config: Path, port: int, process: subprocess.Popen[bytes]) -> float:
        """Return the moment at which it answered first."""
        answered_at = first_answer(f"http://127.0.0.1:{port}/", alive=lambda: process.poll() is None)
        if answered_at is None:
            raise SystemExit(f"plain Odoo does not answer:\n{_tail(config)}")
        return answered_at

    @contextmanager
    def _running(self, config: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        with (config.parent / "odoo.log").open("ab") as log:
            process = subprocess.Popen(
                [*self._argv, f"--config={config}", *options],
                cwd=config.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            _end(process)


def plain_beside(repository: Repository, *, databases: OdooDatabases, folder: Path, cache: Path) -> PlainOdoo:
    """Return an Odoo by hand with the repository's modules and the same Python environment, made beforehand."""
    installation = distribution.install(SERIES, home=cache, progress=print)
    requirements = [repository.clone / "requirements.txt"]
    started = time.monotonic()
    python = python_environment.overlay(installation, requirements=requirements, home=cache, progress=print)
    print(f"requirements: found or installed in {time.monotonic() - started:.1f} s", flush=True)
    databases.ensure_role(ROLE)
    return PlainOdoo(
        # The launcher waits for crons in Odoo's own database: the environments' server opens `postgres` to nobody.
        [str(python.python), str(commands.launcher())],
        databases=databases,
        addons_paths=[repository.clone, *python.addons_paths, *installation.addons_paths],
        folder=folder / "plain",
    )


def first_answer(url: str, *, alive: Callable[[], bool]) -> float | None:
    """Return the moment of the first login page, by the monotonic clock, or None where it will not come."""
    end = time.monotonic() + PATIENCE_SECONDS
    with loopback_client(timeout=60) as client:
        while time.monotonic() < end and alive():
            try:
                answer = client.get(f"{url}web/login")
            except httpx.HTTPError:
                time.sleep(LOOK_EVERY_SECONDS)
                continue
            if answer.status_code == 200:
                return time.monotonic()
            time.sleep(LOOK_EVERY_SECONDS)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(config: Path) -> str:
    return "\n".join((config.parent / "odoo.log").read_text(errors="replace").splitlines()[-20:])
