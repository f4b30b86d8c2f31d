"""A superuser of one embedded server, who runs programs as the server does, and what they find of the platform.

As root the servers have accounts of their own, as an ordinary user sandboxes.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg import sql

from odooops_dagster.home import MAINTENANCE_DATABASE, StateEntry, cluster_sockets
from odooops_dagster.local import ports
from odooops_dagster.local.clusters import CONTROL, ENVIRONMENTS, Cluster
from odooops_dagster.local.postgres import EmbeddedPostgres
from odooops_dagster.local.superuser import as_superuser
from tests.conftest import missing
from tests.hostile.taken_over import CODE, FOLDERS
from tests.servers import processes_of, state_folder

IS_ROOT = os.geteuid() == 0
PYTHON = Path("/usr/bin/python3")  # one that every account may run
PASSWORD = "of the intruder"
CLUSTERS = (CONTROL, ENVIRONMENTS)


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Both servers of a state folder, which run, and a superuser in each."""

    home: Path
    servers: dict[StateEntry, EmbeddedPostgres]
    confined: bool

    @property
    def is_held(self) -> bool:
        """Return whether anything keeps the servers apart."""
        return self.confined or IS_ROOT

    def foreign(self, cluster: Cluster) -> list[int]:
        """Return processes that are not of the server: ours, and the other server's."""
        others = [each for entry, each in self.servers.items() if entry is not cluster.entry]
        return [os.getpid(), *(process.pid for each in others for process in processes_of(each))]

    def found_by(self, cluster: Cluster) -> dict[str, Any]:
        """Run the code as the superuser of a server does, and return what it found."""
        server = self.servers[cluster.entry]
        others = [each for each in self.servers.values() if each is not server]
        wanted = {
            "folders": [str(self.home / name) for name in FOLDERS],
            "sockets": [str(self.home / StateEntry.RUN / "supervisor.sock"), *map(_socket, others)],
            "pids": self.foreign(cluster),
        }
        command = shlex.join([str(PYTHON), "-I", "-S", "-c", CODE, json.dumps(wanted)])
        with psycopg.connect(
            host="127.0.0.1", port=server.port, user="intruder", password=PASSWORD, dbname=MAINTENANCE_DATABASE
        ) as connection:
            connection.execute("create temp table answers (line text)")
            statement = "copy answers from program {} with (format csv, delimiter e'\\x01', quote e'\\x02')"
            connection.execute(sql.SQL(statement).format(sql.Literal(command)))
            row = connection.execute("select line from answers").fetchone()
        assert row is not None
        return dict(json.loads(row[0]))


@pytest.fixture(scope="module", params=[pytest.param(True, id="confined"), pytest.param(False, id="not confined")])
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    """Yield both servers, as the platform starts them and, for an ordinary user, without their sandboxes."""
    confined = request.param and not IS_ROOT
    if confined and shutil.which("bwrap") is None:
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")
    if IS_ROOT and not request.param:
        pytest.skip("accounts keep them apart, which are there with and without sandboxes")
    with state_folder("taken", parent=Path("/var/tmp")) as home:  # noqa: S108 - a private folder is made in it
        servers = {each.entry: EmbeddedPostgres(home, each, durable=False, confined=confined) for each in CLUSTERS}
        for folder in (StateEntry.STORE, StateEntry.LOGS):
            (home / folder).mkdir(mode=0o700)
        (home / StateEntry.STORE / "backup").write_text("production's data")
        try:
            for server in servers.values():
                _start_with_intruder(server)
            yield Platform(home=home, servers=servers, confined=confined)
        finally:
            for server in servers.values():
                server.stop()


@pytest.mark.parametrize("cluster", CLUSTERS, ids=lambda each: each.entry.value)
def test_a_superuser_of_one_server_gets_nothing_else(platform: Platform, cluster: Cluster) -> None:
    """Their programs read the server's own files: no secret, no file of the other server; no program is theirs to end.

    Without the sandboxes an ordinary user's platform is theirs, which is to say that the sandboxes are all that holds.
    """
    found, own = platform.found_by(cluster), platform.home / cluster.entry / "data"
    read = {Path(name).relative_to(platform.home).parts[0] for name in found["files"] if own not in Path(name).parents}
    other = next(each for each in CLUSTERS if each is not cluster)
    assert str(own / "PG_VERSION") in found["files"]
    if platform.is_held:
        assert (read, found["signalled"], found["sockets"]) == (set(), [], [])
    else:
        assert {"secrets", "store", other.entry.value} <= read
        assert found["signalled"] == platform.foreign(cluster)
        assert found["sockets"] == [_socket(platform.servers[other.entry])]


@pytest.mark.skipif(IS_ROOT, reason="as root no server is in a sandbox")
def test_a_server_in_its_sandbox_sees_itself_alone(platform: Platform) -> None:
    """It has processes of its own, and none of the platform's variables."""
    found = platform.found_by(ENVIRONMENTS)
    assert (found["processes"] < 20) == platform.is_held
    assert [name for name in found["variables"] if name.startswith(("ODOOOPS_", "DAGSTER_"))] == []


def test_no_second_server_works_on_the_files_of_one(platform: Platform) -> None:
    """PostgreSQL finds a server that runs by its process id, which is hidden in a sandbox: a lock takes its place."""
    server = platform.servers[ENVIRONMENTS.entry]
    port = ports.free_port()
    second = server.spawn(port=str(port))
    try:
        with suppress(subprocess.TimeoutExpired):
            second.wait(timeout=2)
        assert ports.is_free(port)
    finally:
        second.send_signal(signal.SIGINT)
        second.wait(timeout=60)
    assert platform.found_by(ENVIRONMENTS)["files"] != []


def test_a_killed_server_ends_with_all_its_processes(platform: Platform) -> None:
    """Nothing that its superuser left works on beside the next server."""
    server = platform.servers[ENVIRONMENTS.entry]
    before = processes_of(server)
    before[0].kill()
    psutil.wait_procs(before, timeout=10)
    server.start()
    assert [process for process in before if process.is_running()] == []
    assert platform.found_by(ENVIRONMENTS)["files"] != []


def _start_with_intruder(server: EmbeddedPostgres) -> None:
    server.prepare()
    with as_superuser(server) as url, psycopg.connect(url(MAINTENANCE_DATABASE), autocommit=True) as connection:
        server.cluster.provision(connection, server.password)
        connection.execute(f"create role intruder superuser login password '{PASSWORD}'".encode())
    server.start()


def _socket(server: EmbeddedPostgres) -> str:
    return str(cluster_sockets(server.home, server.cluster.entry) / f".s.PGSQL.{server.port}")
