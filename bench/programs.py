"""The programs that a team backs its Odoo up with today: `odoo db`, and click-odoo-contrib's."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from bench.cost import Cost, measure
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.odoo import commands, distribution, environment

ROLE = "bench_odoo"
DATABASE = "bench_production"
SERIES = "19.0"
CLICK = "click-odoo-contrib==1.24"


class OdooPrograms:
    """An Odoo installation, its role on the server, and a folder for what it writes."""

    def __init__(self, admin_url: str, *, bin_dir: Path, folder: Path, cache: Path) -> None:
        self.bin_dir = bin_dir
        self.folder = folder
        self._admin_url = admin_url
        self._cache = cache
        self._odoo = distribution.install(SERIES, home=cache, progress=print)
        self._click: Path | None = None
        self._config = self._prepare()

    @property
    def addons_paths(self) -> Sequence[Path]:
        """Return where Odoo's modules are."""
        return self._odoo.addons_paths

    def filestore(self, database: str) -> Path:
        """Return where Odoo keeps the database's files."""
        return self.folder / "data" / "filestore" / database

    def install(self, access: DatabaseAccess, modules: str) -> None:
        """Install modules into an empty database, as the role that owns it."""
        config = self.folder / "install.conf"
        config.touch(mode=0o600)
        data = self.folder / "data"
        config.write_text(commands.config_file(access, data_dir=data, addons_paths=self.addons_paths, port=8069))
        options = [f"--init={modules}", "--without-demo=True", "--no-http", "--stop-after-init", "--log-level=error"]
        argv = [*self._odoo.odoo_bin, f"--config={config}", *options]
        subprocess.run(argv, cwd=self.folder, env=self._environment(), check=True)

    def dump(self, database: str, to: Path) -> Cost:
        """`odoo db dump`: a zip of the database and its files."""
        to.unlink(missing_ok=True)
        cost = self._measure(*self._argv(), "db", "--config", self._config, "dump", database, to)
        return replace(cost, told={"stored_bytes": to.stat().st_size})

    def load(self, source: Path, database: str) -> Cost:
        """`odoo db load`: a new database and its files."""
        return self._measure(*self._argv(), "db", "--config", self._config, "load", database, source)

    def find_click(self) -> str | None:
        """Install click-odoo-contrib beside Odoo; return why it does not run here, or None."""
        requirements = self.folder / "requirements.txt"
        requirements.write_text(f"{CLICK}\n")
        try:
            made = environment.overlay(self._odoo, requirements=[requirements], home=self._cache, progress=print)
        except OdooOpsError as exc:
            return str(exc)
        self._click = made.python.parent
        said = subprocess.run(
            [self._click / "click-odoo-backupdb", "--help"], capture_output=True, text=True, check=False
        )
        return said.stderr[-500:] if said.returncode else None

    def click_backup(self, database: str, to: Path) -> Cost:
        """`click-odoo-backupdb`: a zip, as Odoo's own."""
        to.unlink(missing_ok=True)
        cost = self._measure(self._click_program("backupdb"), "-c", self._config, database, to)
        return replace(cost, told={"stored_bytes": to.stat().st_size})

    def click_copy(self, database: str, to: str) -> Cost:
        """`click-odoo-copydb`: a copy on the same server, its files copied."""
        return self._measure(self._click_program("copydb"), "-c", self._config, "-f", database, to)

    def drop(self, database: str) -> None:
        """Forget a database and its files."""
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            statement = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
            connection.execute(statement)
        shutil.rmtree(self.filestore(database), ignore_errors=True)

    def _prepare(self) -> Path:
        """Make the role and its configuration; a superuser, so that Odoo does as it does on a server of its own."""
        password = secrets.token_urlsafe()
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            words = sql.Identifier(ROLE), sql.Literal(password)
            connection.execute(sql.SQL("create role {} superuser login password {}").format(*words))
        server = conninfo_to_dict(self._admin_url)
        values = {
            "db_host": server["host"],
            "db_port": server["port"],
            "db_user": ROLE,
            "db_password": password,
            "pg_path": self.bin_dir,
            "data_dir": self.folder / "data",
            "addons_path": ",".join(map(str, self.addons_paths)),
        }
        config = self.folder / "odoo.conf"
        config.touch(mode=0o600)
        config.write_text("[options]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()))
        return config

    def _argv(self) -> tuple[Path, Path]:
        return self._odoo.python, self._odoo.script

    def _click_program(self, name: str) -> Path:
        if self._click is None:
            raise RuntimeError("find_click was not asked")
        return self._click / f"click-odoo-{name}"

    def _measure(self, *argv: str | Path) -> Cost:
        return measure(argv, folder=self.folder, env=self._environment())

    def _environment(self) -> dict[str, str]:
        # click-odoo-contrib runs the pg_dump of the PATH, which may be older than the server.
        return {**os.environ, "PATH": f"{self.bin_dir}{os.pathsep}{os.environ['PATH']}"}
