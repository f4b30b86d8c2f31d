"""Odoo as one runs it by hand: `odoo -i` into a new database, then `odoo` until its login page answers."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.loopback import loopback_client
from odooops_dagster.tools.odoo import commands
from tests.acceptance.platform import free_ports

PATIENCE_SECONDS = 1800.0
LOOK_EVERY_SECONDS = 0.05
ROLE = "bench_plain"


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
    """An Odoo beside the platform: the same program and Python, the same server, a role and a folder of its own."""

    def __init__(self, argv: Sequence[str], *, admin_url: str, addons_paths: Sequence[Path], folder: Path) -> None:
        self._argv = list(argv)
        self._admin_url = admin_url
        self._addons_paths = addons_paths
        self._folder = folder
        self._password = secrets.token_urlsafe()

    def prepare(self) -> None:
        """Make the role; a superuser, so that Odoo makes and opens databases as it does on a server of its own."""
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            words = sql.Identifier(ROLE), sql.Literal(self._password)
            connection.execute(sql.SQL("create role {} superuser login password {}").format(*words))

    def measure(self, module: str) -> PlainTimes:
        """Install the module and all it needs, boot, and forget it all again."""
        database, [port] = f"plain_{secrets.token_hex(4)}", free_ports(1)
        data = self._folder / database
        data.mkdir(parents=True)
        try:
            config = self._config(database, data=data, port=port)
            install = self._install(config, module)
            return PlainTimes(install=install, boot=self._boot(config, port))
        finally:
            with psycopg.connect(self._admin_url, autocommit=True) as connection:
                statement = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
                connection.execute(statement)
            shutil.rmtree(data, ignore_errors=True)

    def _config(self, database: str, *, data: Path, port: int) -> Path:
        server = conninfo_to_dict(self._admin_url)
        access = DatabaseAccess(
            host=str(server["host"]),
            port=int(server["port"] or 5432),
            user=ROLE,
            password=self._password,
            database=database,
        )
        config = data / "odoo.conf"
        config.touch(mode=0o600)
        text = commands.config_file(access, data_dir=data, addons_paths=self._addons_paths, port=port, cron_threads=1)
        config.write_text(text)
        return config

    def _install(self, config: Path, module: str) -> float:
        started = time.monotonic()
        options = [f"--init={module}", "--without-demo=True", "--no-http", "--stop-after-init"]
        with self._running(config, *options) as process:
            status = process.wait(PATIENCE_SECONDS)
        if status != 0:
            raise SystemExit(f"odoo -i {module} ended with status {status}:\n{_tail(config)}")
        return time.monotonic() - started

    def _boot(self, config: Path, port: int) -> float:
        started = time.monotonic()
        with self._running(config) as process:
            answered_at = first_answer(f"http://127.0.0.1:{port}/", alive=lambda: process.poll() is None)
        if answered_at is None:
            raise SystemExit(f"plain Odoo does not answer:\n{_tail(config)}")
        return answered_at - started

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
