"""Builds Odoo's command lines and configuration files; runs nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Build, DatabaseAccess
from odooops_dagster.tools.odoo import series as odoo_series

# Odoo restarts itself at this share of its memory limit, before allocations fail.
_SOFT_LIMIT_SHARE = 0.9


def launcher() -> Path:
    """Return the program that starts Odoo and restricts it to its own database."""
    return Path(str(resources.files("odooops_dagster.tools.odoo") / "launcher" / "odoo-server"))


def install_command(
    build: Build, config: Path, *, names: Sequence[str], tests: Sequence[str] = (), demo: bool = False
) -> tuple[str, ...]:
    """Return the command that installs the modules, runs the tests of the modules in `tests`, and ends."""
    options = odoo_series.series(build.series).options
    return (
        *_odoo(build, config),
        f"--init={_joined(names)}",
        *(options.demo if demo else options.no_demo),
        *_testing(tests),
        "--stop-after-init",
    )


def update_command(
    build: Build, config: Path, *, names: Sequence[str], new: Sequence[str] = (), tests: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the command that updates the modules, installs `new`, runs the tests of `tests`, and ends."""
    no_demo = odoo_series.series(build.series).options.no_demo
    installing = (f"--init={_joined(new)}", *no_demo) if new else ()
    updating = (f"--update={_joined(names)}",) if names or not new else ()
    return (*_odoo(build, config), *installing, *updating, *_testing(tests), "--stop-after-init")


def serve_command(build: Build, config: Path) -> tuple[str, ...]:
    """Return the command that serves the environment until it is stopped."""
    return _odoo(build, config)


def config_file(
    access: DatabaseAccess,
    *,
    data_dir: Path,
    addons_paths: Sequence[Path],
    port: int,
    interface: str = "127.0.0.1",
    cron_threads: int = 0,
    memory_mb: int = 0,
    series: str = "19.0",
) -> str:
    """Return the text of odoo.conf; it contains the database's password, so make the file readable only by its owner.

    Raises:
        BadInput: a value cannot be written in this file.
    """
    values = {
        **_database(access),
        "data_dir": str(data_dir),
        "addons_path": _paths(addons_paths),
        "server_wide_modules": ",".join(odoo_series.series(series).server_wide_modules),
        "http_interface": interface,
        "http_port": str(port),
        "proxy_mode": "True",
        "workers": "0",
        "max_cron_threads": str(cron_threads),
        "limit_memory_hard": str(memory_mb * 2**20),
        "limit_memory_soft": str(int(memory_mb * 2**20 * _SOFT_LIMIT_SHARE)),
        # A preview's first request compiles every asset; on a small machine this exceeds Odoo's default limits.
        "limit_time_cpu": "600",
        "limit_time_real": "1200",
        "log_handler": ":INFO",
    }
    return "[options]\n" + "".join(f"{name} = {_value(name, value)}\n" for name, value in values.items())


def _odoo(build: Build, config: Path) -> tuple[str, ...]:
    return (str(build.python), str(launcher()), f"--config={config}")


def _testing(tests: Sequence[str]) -> tuple[str, ...]:
    """Return the options that run the modules' tests, or that disable the HTTP service if there are none."""
    if not tests:
        return ("--no-http",)
    return ("--test-tags=" + ",".join(f"/{name}" for name in tests),)


def _joined(names: Sequence[str]) -> str:
    if not names:
        raise BadInput("no modules are named")
    return ",".join(names)


def _database(access: DatabaseAccess) -> dict[str, str]:
    return {
        "db_host": access.host,
        "db_port": str(access.port),
        "db_user": access.user,
        "db_password": access.password,
        "db_name": access.database,
        # No dbfilter: with one, Odoo searches for databases that its role owns and finds none; db_name is enough.
        "list_db": "False",
        # The database manager is off; if it is turned on, its password must not be the well-known default.
        "admin_passwd": hashlib.sha256(f"manager:{access.password}".encode()).hexdigest(),
    }


def _paths(paths: Sequence[Path]) -> str:
    for path in paths:
        if "," in str(path):
            raise BadInput(f"the addons path {path} holds a comma, which Odoo reads as two paths")
    return ",".join(map(str, paths))


def _value(name: str, value: str) -> str:
    if "\n" in value or "\r" in value or value != value.strip():
        raise BadInput(f"the value of {name} cannot be written into odoo.conf: it holds a line break or outer spaces")
    return value
