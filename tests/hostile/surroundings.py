"""An environment on a platform that runs, and what is beside it: the targets of what its code tries."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from odooops_dagster.home import (
    WORKER,
    StateEntry,
    cluster_folder,
    cluster_port_file,
    cluster_sockets,
    code_socket,
    environment_socket,
    fork_socket,
    password_secret,
    secrets_folder,
    services_folder,
    supervisor_socket,
)
from odooops_dagster.home.sockets import services_socket
from odooops_dagster.local.secrets import read_secret
from odooops_dagster.model import Build, DatabaseAccess, Sandbox, Service
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.confinement import confined
from odooops_dagster.tools.runtime.process import ProcessRuntime
from odooops_dagster.tools.runtime.sandbox.trial import METADATA
from tests.ops import Ops
from tests.suites.hostile import PYTHON
from tests.suites.processes import eventually, word_at

CLUSTERS = (StateEntry.CONTROL, StateEntry.POSTGRES)
OWN, OTHER = "1" * 32, "2" * 32
# What the platform keeps for itself, and what it keeps for all who build.
CLOSED = (
    "secrets",
    "store",
    "repos",
    "run",
    "runs",
    "logs",
    "dagster",
    "runtime",
    "postgres",
    "control",
    "templates",
    "builds",
)
# A service that answers on the socket that it inherits, as an Odoo does.
SERVES = """
import socket
server = socket.socket(fileno=3)
while True:
    connection, _ = server.accept()
    connection.sendall(b"other")
    connection.close()
"""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The sandbox of an environment's Odoo, as the platform makes it, and what is beside it."""

    home: Path
    sandbox: Sandbox
    targets: dict[str, Any]


@contextmanager
def surroundings(ops: Ops, build: Build) -> Iterator[Surroundings]:
    """Yield an environment of a platform that runs, beside another one that serves."""
    settings = Settings(home=ops.home)
    own, other = _sandbox_of(settings, build, OWN), _sandbox_of(settings, build, OTHER)
    mark = f"victim-{secrets.token_hex(8)}"
    with _serving(settings, other, mark) as pids, _in_memory(mark) as memory, _listening(mark) as abstract:
        code = [build.source.path, build.python.parent, build.python.parents[1], *build.addons_paths]
        targets = targets_beside(
            settings,
            other=settings.home / StateEntry.ENVIRONMENTS / OTHER,
            label=OTHER,
            code=[*code, settings.home / StateEntry.ODOO, settings.home / StateEntry.VENVS / "another"],
            pids=[*_processes_of(ops), *pids],
            ports=[int(ops.environment[f"ODOOOPS_{name}_PORT"]) for name in ("DAGSTER", "GATEWAY", "ENVIRONMENTS")],
            own=own.home,
        )
        targets |= {"shared_memory": str(memory), "abstract_sockets": [abstract], "mark": mark}
        yield Surroundings(home=settings.home, sandbox=own, targets=targets)


def targets_beside(
    settings: Settings,
    *,
    other: Path,
    label: str,
    code: Sequence[Path],
    pids: Sequence[int],
    ports: Sequence[int],
    own: Path,
) -> dict[str, Any]:
    """Return what an environment's code may want of the platform that runs it.

    Args:
        settings: the platform's.
        other: the folder of another environment.
        label: the label of its host name.
        code: folders with code that later runs use.
        pids: the processes of the platform and of the other environment.
        ports: the ports of the platform's programs, PostgreSQL's apart.
        own: a folder in which the environment may write.
    """
    home = settings.home
    folders = [*(home / name for name in CLOSED), other, *(other / name for name in ("data", "data/filestore"))]
    return {
        "files": [*_files(home, other), *_of_processes(pids, "environ", "maps"), "/etc/shadow"],
        "folders": [*map(str, folders), *_of_processes(pids, "root", "cwd", "fd"), "/etc/ssh", "/var/log"],
        # A cache is where a trial without a sandbox leaves its file.
        "places": [*map(str, (*code, other / "data", *folders, home)), "/usr/lib", "/etc", "/"],
        "shared_memory": "/dev/shm/nothing",  # noqa: S108 - nobody's
        "ports": [*ports, *(int(cluster_port_file(home, cluster).read_text()) for cluster in CLUSTERS)],
        "addresses": [METADATA],
        "sockets": [str(path) for path in _sockets(home, label)],
        "abstract_sockets": [],
        "mark": "odooops_dagster.doors",
        "secret": read_secret(home, password_secret(WORKER)),
        "pids": list(pids),
        "own": str(own),
    }


def _sandbox_of(settings: Settings, build: Build, name: str) -> Sandbox:
    """Return the sandbox of an environment with a configuration and an attachment."""
    folder = settings.home / StateEntry.ENVIRONMENTS / name
    folder.mkdir(mode=0o711)
    config = folder / "odoo.conf"
    config.write_text(f"db_password = the password of {name}\n")
    config.chmod(0o600)
    access = DatabaseAccess(
        host="127.0.0.1",
        port=1,
        user=f"role_{name}",
        password="hush",
        database=f"db_{name}",
        socket_folder=cluster_sockets(settings.home),
    )
    attachments = folder / "data" / "filestore" / access.database
    attachments.mkdir(parents=True)
    (attachments / "attachment").write_text("an attachment")
    made = confined(settings, build, config=config, data=folder / "data", access=access)
    assert made is not None
    return made


@contextmanager
def _serving(settings: Settings, sandbox: Sandbox, mark: str) -> Iterator[list[int]]:
    """Run the other environment's service under the platform's own supervisor; yield its processes."""
    runtime = ProcessRuntime(services_folder(settings.home), may_start_supervisor=False)
    place = environment_socket(settings.home, OTHER)
    service = Service(
        name=f"env-{OTHER}",
        argv=(str(PYTHON), "-I", "-S", "-c", SERVES, mark),
        cwd=sandbox.home,
        port=0,
        log_path=settings.home / StateEntry.ENVIRONMENTS / OTHER / "service.log",
        sandbox=sandbox,
        env={"PASSWORD": "of the other environment"},
        socket=place,
    )
    status = runtime.start(service)
    try:
        eventually(lambda: word_at(place) == "other", what="the other environment answers")
        assert status.pid is not None
        yield [child.pid for child in psutil.Process(status.pid).children(recursive=True)]
    finally:
        runtime.stop(service.name, remove=True)


def _processes_of(ops: Ops) -> list[int]:
    """Return the processes of the platform's programs."""
    started = [psutil.Process(service["pid"]) for service in ops.status()["services"]]
    return [process.pid for each in started for process in (each, *each.children(recursive=True))]


def _files(home: Path, other: Path) -> list[str]:
    """Return files with secrets, and what the other environment and PostgreSQL keep."""
    kept = [*secrets_folder(home).rglob("*"), *other.glob("*.conf"), *(other / "data" / "filestore").rglob("*")]
    kept += [
        *(services_folder(home) / "services").glob("*.json"),
        *(cluster_folder(home, cluster) / "PG_VERSION" for cluster in CLUSTERS),
    ]
    return [str(path) for path in kept if path.is_file()]


def _of_processes(pids: Sequence[int], *names: str) -> list[str]:
    """Return what /proc has of the processes."""
    return [f"/proc/{pid}/{name}" for pid in pids for name in names]


def _sockets(home: Path, label: str) -> list[Path]:
    """Return the sockets of the supervisors, the code server, the program that forks runs, and the other Odoo."""
    own = [supervisor_socket(home), code_socket(home), fork_socket(home)]
    return [*own, services_socket(services_folder(home)), environment_socket(home, label)]


@contextmanager
def _in_memory(name: str) -> Iterator[Path]:
    path = Path("/dev/shm") / name  # noqa: S108 - what the attack looks for
    path.write_text("what a program keeps in memory for its own")
    try:
        yield path
    finally:
        path.unlink()


@contextmanager
def _listening(name: str) -> Iterator[str]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        yield f"\0{name}"
