"""Builds Odoo's command lines and configuration files; runs nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Build, DatabaseAccess
from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.odoo.case_outcomes import CasePhase
from odooops_dagster.tools.odoo.upgrade_cases import CaseFile
from odooops_dagster.tools.project_file import OdooOptions

# Odoo restarts itself at this share of its memory limit, before allocations fail.
_SOFT_LIMIT_SHARE = 0.9
# Options that a repository may change. A preview's first request compiles every asset; on a small machine this exceeds
# Odoo's default limits.
# Odoo's default for crons is the limit of requests, and a cron worker that waits for longer than that is killed.
_DEFAULTS = {"limit_time_cpu": "600", "limit_time_real": "1200", "limit_time_real_cron": "1200"}


def launcher() -> Path:
    """Return the program that starts Odoo and restricts it to its own database."""
    return program("odoo-server")


def program(name: str) -> Path:
    """Return one of our programs that Odoo's own Python runs."""
    return Path(str(resources.files("odooops_dagster.tools.odoo") / "launcher" / name))


def install_command(
    build: Build,
    config: Path,
    *,
    names: Sequence[str],
    tests: Sequence[str] = (),
    demo: bool = False,
    languages: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return the command that installs the modules, runs the tests of the modules in `tests`, and ends.

    `tags` choose more of their tests, or leave some out, as --test-tags does.
    """
    options = odoo_series.series(build.series).options
    return (
        *_odoo(build, config),
        f"--init={_joined(names)}",
        *(options.demo if demo else options.no_demo),
        *([f"--load-language={','.join(languages)}"] if languages else []),
        *_testing(tests, tags),
        "--stop-after-init",
    )


def update_command(
    build: Build,
    config: Path,
    *,
    names: Sequence[str],
    new: Sequence[str] = (),
    tests: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return the command that updates the modules, installs `new`, runs the tests of `tests`, and ends."""
    no_demo = odoo_series.series(build.series).options.no_demo
    installing = (f"--init={_joined(new)}", *no_demo) if new else ()
    updating = (f"--update={_joined(names)}",) if names or not new else ()
    return (*_odoo(build, config), *installing, *updating, *_testing(tests, tags), "--stop-after-init")


def series_upgrade_command(build: Build, config: Path, *, scripts: Path) -> tuple[str, ...]:
    """Return the command that brings a database of the series before to the build's, with migration scripts."""
    return (
        *_odoo(build, config),
        *odoo_series.series(build.series).upgrade.command,
        f"--upgrade-path={scripts}",
        "--no-http",
    )


def serve_command(build: Build, config: Path) -> tuple[str, ...]:
    """Return the command that serves the environment until it is stopped."""
    return _odoo(build, config)


def shell_command(serving: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command of Odoo's shell on the database that the given command of `serve_command` serves."""
    python, odoo, *options = serving
    return (python, odoo, "shell", *options, "--no-http", "--shell-interface=python")


def config_file(
    access: DatabaseAccess,
    *,
    data_dir: Path,
    addons_paths: Sequence[Path],
    port: int,
    interface: str = "127.0.0.1",
    cron_threads: int = 0,
    workers: int = 0,
    memory_mb: int = 0,
    series: str = "19.0",
    more: OdooOptions | None = None,
) -> str:
    """Return the text of odoo.conf; it contains the database's password, so make the file readable only by its owner.

    `more` are the repository's own options; those of the platform come after them, so that they count. `workers` are
    the processes for people's requests; 0 for threads in one process.

    Raises:
        BadInput: a value cannot be written in this file.
    """
    more = more or OdooOptions()
    theirs = {name: str(value) for name, value in more.options.items()}
    server_wide = (*odoo_series.series(series).server_wide_modules, *more.server_wide_modules)
    values = {
        **_DEFAULTS,
        **theirs,
        **_database(access),
        "data_dir": str(data_dir),
        "addons_path": _paths(addons_paths),
        "server_wide_modules": ",".join(dict.fromkeys(server_wide)),
        "http_interface": interface,
        "http_port": str(port),
        "proxy_mode": "True",
        "workers": str(workers),
        # Where the platform wants no background work, the repository does not get any.
        "max_cron_threads": theirs.get("max_cron_threads", str(cron_threads)) if cron_threads else "0",
        "limit_memory_hard": str(memory_mb * 2**20),
        "limit_memory_soft": str(int(memory_mb * 2**20 * _SOFT_LIMIT_SHARE)),
        "log_handler": ":INFO",
    }
    sections = {name: {key: str(value) for key, value in lines.items()} for name, lines in more.sections.items()}
    return "\n".join(_section(name, lines) for name, lines in {"options": values, **sections}.items())


def list_tests_command(
    build: Build, config: Path, *, names: Sequence[str], tags: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the command that prints which tests of the modules Odoo would run; it uses no database."""
    program_of_odoo = (str(build.python), str(program("odoo-tests")))
    return (*program_of_odoo, _joined(names), f"--config={config}", *_testing(names, tags))


def try_views_command(build: Build, config: Path) -> tuple[str, ...]:
    """Return the command that prints which views of the database Odoo refuses, and changes nothing."""
    return (str(build.python), str(program("odoo-views")), f"--config={config}", "--no-http")


def invariants_command(build: Build, config: Path, file: Path) -> tuple[str, ...]:
    """Return the command that prints the answers of the expressions in the file, and changes nothing."""
    return (str(build.python), str(program("odoo-invariants")), str(file), f"--config={config}", "--no-http")


def cases_command(
    build: Build, config: Path, phase: CasePhase, *, files: Sequence[CaseFile], folder: Path
) -> tuple[str, ...]:
    """Return the command that runs the phase of the upgrade cases in the files, with the folder as upgrade path."""
    names = [f"{file.module}.{file.path.stem}" for file in files]
    arguments = (phase, str(folder), _joined(names))
    return (str(build.python), str(program("odoo-cases")), *arguments, f"--config={config}", "--no-http")


def _odoo(build: Build, config: Path) -> tuple[str, ...]:
    return (str(build.python), str(launcher()), f"--config={config}")


def _testing(tests: Sequence[str], tags: Sequence[str]) -> tuple[str, ...]:
    """Return the options that run the modules' tests, or that disable the HTTP service if there are none."""
    if not tests:
        return ("--no-http",)
    return ("--test-tags=" + ",".join([*(f"/{name}" for name in tests), *tags]),)


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


def _section(name: str, lines: Mapping[str, str]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {_value(key, value)}\n" for key, value in lines.items())


def _value(name: str, value: str) -> str:
    if "\n" in value or "\r" in value or value != value.strip():
        raise BadInput(f"the value of {name} cannot be written into odoo.conf: it holds a line break or outer spaces")
    return value
