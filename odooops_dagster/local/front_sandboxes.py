"""The sandboxes of the stack's programs that people, the network and environments reach, and of Dagster's daemon.

Each sees the code that it runs, and of the state folder only what is named here; of the secrets it has its own logins,
in its environment. All but the environments' catcher use the machine's network, on which they listen.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

import odooops_dagster
from odooops_dagster.files import write_whole
from odooops_dagster.home import (
    VISITORS_SECRET,
    catcher_socket,
    code_socket,
    dagster_home,
    egress_socket,
    environment_sockets,
    fork_socket,
    former_ports_file,
    front_socket,
    login_secrets,
    program_home,
    store_folder,
    visitors_secret_file,
    webhook_secrets,
)
from odooops_dagster.local.logins import Logins
from odooops_dagster.local.postgres import Job, url_given_to
from odooops_dagster.local.secrets import read_or_create_secret
from odooops_dagster.model import Limits, Sandbox
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.sandbox.interpreters import interpreter_folders, outermost
from odooops_dagster.tools.store import addressed, folder_of

# Memory that the program's temporary files may take, in MiB; the platform's account has no other limit of its own.
_LIMITS = Limits(processes=0, open_files=0, file_mb=0, memory_files_mb=256)
# Variables with files that connections to a database or to the network need, and the same words in a URL.
_VARIABLES = ("PGPASSFILE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGSSLCRL")
# In the home folder; .pgpass may hold more passwords than the gateway's. Source: "Environment Variables" of libpq.
_DEFAULTS = (".pgpass", ".pg_service.conf", ".postgresql")
_WORDS = ("passfile", "servicefile", "sslrootcert", "sslcert", "sslkey", "sslcrl")


@dataclass(frozen=True, kw_only=True)
class _Program:
    """What a program sees besides its code.

    Args:
        sees: returns the files and folders, which exist then.
        writes: returns the folders that it writes in besides its own, which exist then.
        databases: the variables with the URLs of its databases.
        job: the job at the control plane that its URL is for; None if it connects to no database.
        shares_processes: whether it looks after runs, which are processes of the machine.
        shares_network: whether it listens on the machine's network.
    """

    sees: Callable[[Settings], Iterable[Path]] = lambda _settings: ()
    writes: Callable[[Settings], Iterable[Path]] = lambda _settings: ()
    databases: tuple[str, ...] = ()
    job: Job | None = None
    shares_processes: bool = False
    shares_network: bool = True


def front_sandbox(settings: Settings, program: str, environment: Mapping[str, str]) -> Sandbox | None:
    """Return the sandbox of the program; None for one that has none, or if `trust_pushers` is set.

    Args:
        settings: the platform's settings.
        program: the program's name.
        environment: the stack's environment, in which the URLs of its databases are.
    """
    if settings.trust_pushers or program not in _PROGRAMS:
        return None
    chosen, home = _PROGRAMS[program], program_home(settings.home, program).absolute()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    urls = [environment.get(name, "") for name in chosen.databases]
    seen = [*chosen.sees(settings), *(file for url in urls for file in _files_of(url, environment))]
    return Sandbox(
        writable=(home, *(path.absolute() for path in chosen.writes(settings))),
        readable=(
            *_code(settings.home.absolute(), environment),
            *dict.fromkeys(path.absolute() for path in seen if path.exists()),
        ),
        mounts=_defaults(home) if chosen.job and url_given_to(settings, chosen.job) else {},
        home=home,
        shares_network=chosen.shares_network,
        shares_processes=chosen.shares_processes,
        limits=_LIMITS,
    )


def _gateway(settings: Settings) -> list[Path]:
    """Return the secrets of projects' webhooks, and the artifacts of runs, which the console hands out."""
    return [_made(webhook_secrets(settings.home)), *_artifacts(settings)]


def _router(settings: Settings) -> list[Path]:
    """Return the sockets of the environments, where they answered once, and the password of previews' visitors."""
    ports = former_ports_file(settings.home)
    if not ports.exists():  # written anew before the router starts
        write_whole(ports, b"{}")
    read_or_create_secret(settings.home, VISITORS_SECRET)
    return [_made(environment_sockets(settings.home)), ports, visitors_secret_file(settings.home).parent]


def _asked_for(settings: Settings) -> list[Path]:
    """Return the folder in which the router tells what was asked for, and answers the platform."""
    return [_made(front_socket(settings.home).parent)]


def _heard(settings: Settings) -> list[Path]:
    """Return the folder in which the catcher is handed the sockets of environments."""
    return [_made(catcher_socket(settings.home).parent)]


def _fed(settings: Settings) -> list[Path]:
    """Return the folder in which the proxy is told what environments may reach."""
    return [_made(egress_socket(settings.home).parent)]


def _webserver(settings: Settings) -> list[Path]:
    """Return what knows the UI's people, the artifacts of runs, and what the daemon sees."""
    Logins(settings.home).prepare()
    return [login_secrets(settings.home), *_artifacts(settings), *_daemon(settings)]


def _artifacts(settings: Settings) -> list[Path]:
    """Return the folder of the files that runs keep, without the backups beside it; none if they are in a bucket."""
    store = folder_of(settings.store_url, default=store_folder(settings.home))
    return [_made(store / addressed.FOLDER)] if store is not None else []


def _daemon(settings: Settings) -> list[Path]:
    """Return Dagster's files, and the sockets by which runs are started."""
    sockets = (code_socket(settings.home), fork_socket(settings.home))
    return [_made(dagster_home(settings.home)), *(_made(socket.parent) for socket in sockets)]


_DAGSTER = ("ODOOOPS_DATABASE_URL", "ODOOOPS_DAGSTER_DATABASE_URL")
_PROGRAMS: Mapping[str, _Program] = {
    "gateway": _Program(
        sees=_gateway, databases=("ODOOOPS_GATEWAY_DATABASE_URL", "ODOOOPS_API_DATABASE_URL"), job="gateway"
    ),
    "router": _Program(sees=_router, writes=_asked_for),
    "catcher": _Program(writes=_heard, shares_network=False),
    "egress": _Program(writes=_fed),
    "webserver": _Program(sees=_webserver, databases=_DAGSTER, job="worker", shares_processes=True),
    "daemon": _Program(sees=_daemon, databases=_DAGSTER, job="worker", shares_processes=True),
}


def _made(folder: Path) -> Path:
    """Return the folder, made for its owner alone if it is not there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _defaults(home: Path) -> dict[str, Path]:
    """Return where libpq looks for passwords and certificates that nothing names."""
    return {str(home / name): Path.home() / name for name in _DEFAULTS if (Path.home() / name).exists()}


def _files_of(url: str, environment: Mapping[str, str]) -> list[Path]:
    """Return the files and folders that a connection to the URL needs: a socket, passwords, certificates."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    named = [*(parts.get(word, "") for word in _WORDS), *(environment.get(name, "") for name in _VARIABLES)]
    named += parts.get("host", "").split(",")
    return [Path(name) for name in named if name.startswith("/")]


def _code(home: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders outside of /usr from which the platform's programs import, none around the state folder.

    Not those of `sys.path`: the folder in which `ops up` was started is one of them.
    """
    named = {Path(path).absolute() for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path}
    named |= {Path(odooops_dagster.__file__).absolute().parent, *interpreter_folders(Path(sys.executable))}
    # A virtual environment that a link leads to is elsewhere.
    named |= {Path(sys.prefix).resolve()}
    named |= _linked() - {Path(odooops_dagster.__file__).absolute().parents[1]}
    return outermost(path for path in named if not home.is_relative_to(path))


def _linked() -> set[Path]:
    """Return the folders that path files of this Python add. Source: "site", in Python's documentation."""
    files = [file for folder in site.getsitepackages() for file in Path(folder).glob("*.pth")]
    lines = [(file.parent, line.strip()) for file in files for line in file.read_text().splitlines()]
    return {
        (folder / line).absolute()
        for folder, line in lines
        if line and not line.startswith(("#", "import ", "import\t"))
    }
