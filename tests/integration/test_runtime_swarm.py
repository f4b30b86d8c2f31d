"""The docker runtime's service mode, on a real swarm of three engines."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Limits, Sandbox, Service, Share
from odooops_dagster.tools.runtime.swarm import SwarmRuntime
from odooops_dagster.tools.runtime.swarm_services import Placement
from tests.suites.processes import eventually
from tests.swarm_nodes import Swarm, running_swarm

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(300)]

ACCOUNT = 61004
SECRET = "a-secret-of-the-environment"
# Every node of this machine has the same disk, as nodes with one network share have.
SHARED = "type=none,o=bind,device={path}"
# Answers with what its program can see and do, and counts its starts in the environment's folder.
TELLS = """
import json, os, socket, sys
from pathlib import Path
def tries(act):
    try:
        return act()
    except OSError as exc:
        return type(exc).__name__
def through(name):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(name)
        line.sendall(b"word")
        line.shutdown(socket.SHUT_WR)
        return line.recv(100).decode()
def heard(name):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(name)
        return line.send(b"attempt")
Path("starts").open("a").write("x")
status = dict(line.split(":\\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\\t" in line)
server = socket.socket(fileno=3)
told = {
    "uid": os.getuid(), "groups": os.getgroups(), "starts": len(Path("starts").read_text()),
    "capabilities": [status[each].strip("0\\n") for each in ("CapEff", "CapPrm", "CapBnd")],
    "no_new_privileges": status["NoNewPrivs"], "seccomp": status["Seccomp"],
    "root": tries(lambda: Path("/made").write_text("x")),
    "definition": tries(lambda: Path("/run/odooops/definition.json").read_text()),
    "config": tries(lambda: Path(sys.argv[1]).read_text()),
    "name": tries(lambda: socket.gethostbyname("example.org")),
    "node": tries(lambda: socket.create_connection((sys.argv[2], 2377), timeout=1)),
    "named": tries(lambda: socket.gethostbyname("shop.localhost")),
    "outlet": tries(lambda: through("/run/outlet/s")),
    "database": tries(lambda: through("/run/postgresql/.s.PGSQL.5432")),
    "datagram": tries(lambda: heard("/run/outlet/d")),
    "secret": os.environ["SECRET"],
}
while True:
    connection, _ = server.accept()
    connection.sendall(json.dumps(told).encode())
    connection.close()
"""


@pytest.fixture(scope="module")
def swarm() -> Iterator[Swarm]:
    """Yield a swarm for the tests of this file."""
    with running_swarm() as found:
        yield found


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield a folder with a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="sw") as folder:
        os.chmod(folder, 0o755)  # noqa: S103, PTH101 - the environment's account passes
        yield Path(folder)


@pytest.fixture
def runtime(swarm: Swarm, place: Path) -> Iterator[SwarmRuntime]:
    """Yield a runtime whose environments run on the workers, and leave nothing of it."""
    placement = Placement(constraints=("node.role==worker",), volume=SHARED)
    found = SwarmRuntime(
        place / "runtime",
        engine=swarm.manager.url,
        image=swarm.manager.image,
        placement=placement,
        # This kernel may have no ESP; the option is looked at in the test of what is asked for.
        encrypted=False,
    )
    yield found
    for status in found.status():
        found.stop(status.name, remove=True)


def service(swarm: Swarm, place: Path, **changes: object) -> Service:
    """Return a service as an environment's Odoo is, with a folder, a configuration and sockets of the platform."""
    home, outlet, config, hosts = place / "home", place / "outlet", place / "odoo.conf", place / "hosts"
    database = place / "pg"
    for folder in (home, outlet, database):
        folder.mkdir(exist_ok=True)
    os.chown(home, ACCOUNT, ACCOUNT)
    database.chmod(0o711)  # as that of the embedded server
    os.chown(database, ACCOUNT + 1, ACCOUNT + 1)
    config.write_text("password of the database")
    hosts.write_text("127.0.0.1 localhost\n127.0.0.1 shop.localhost\n")
    box = {
        "writable": (home,),
        "readable": (config,),
        "mounts": {"/run/outlet": outlet, "/run/postgresql": database, "/etc/hosts": hosts},
        "home": home,
        "uid": ACCOUNT,
        "limits": Limits(memory_files_mb=16),
    }
    return Service(
        name="env-1",
        argv=("/usr/bin/python3", "-I", "-S", "-c", TELLS, str(config), swarm.manager.address),
        cwd=home,
        port=8069,
        log_path=place / "log",
        sandbox=Sandbox(**box | changes),  # type: ignore[arg-type]
        env={"SECRET": SECRET},
        socket=place / "env-1.sock",
        share=Share(name="env-1", folder=place / "share", owner="shop", memory_mb=256, processes=40, cpu_percent=50),
    )


def told(place: Path) -> dict[str, Any]:
    """Return what the environment tells at the socket that the router knows; nothing if it does not answer."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        try:
            line.connect(str(place / "env-1.sock"))
            data = b"".join(iter(lambda: line.recv(65536), b""))
            found: dict[str, Any] = json.loads(data)
        except (OSError, ValueError):
            return {}
    return found


def outlets(place: Path) -> list[bytes]:
    """Listen at the platform's two sockets, and return what comes by datagram."""
    for name in ("outlet", "pg"):
        (place / name).mkdir(exist_ok=True)
    heard: list[bytes] = []
    stream, datagrams = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    database = socket.socket(socket.AF_UNIX)
    for name, each in (("outlet/s", stream), ("outlet/d", datagrams), ("pg/.s.PGSQL.5432", database)):
        each.bind(str(place / name))
        (place / name).chmod(0o666)
    stream.listen()
    database.listen()

    def echo(listening: socket.socket) -> None:
        while True:
            connection, _ = listening.accept()
            connection.sendall(connection.recv(100).upper())
            connection.close()

    def hear() -> None:
        while True:
            heard.append(datagrams.recv(1000))

    for act in (partial(echo, stream), partial(echo, database), hear):
        threading.Thread(target=act, daemon=True).start()
    return heard


def test_an_environment_is_held_on_another_node_as_it_is_on_this_one(
    swarm: Swarm, runtime: SwarmRuntime, place: Path
) -> None:
    """Its account, its limits and its files are those of a container; it reaches its sockets, and nothing else."""
    heard = outlets(place)
    assert runtime.start(service(swarm, place)).name == "env-1"
    eventually(lambda: bool(told(place)), what="an answer", seconds=30)
    seen = told(place)
    assert swarm.node_of("odooops-env-1") in swarm.workers
    assert (seen["uid"], seen["groups"], seen["capabilities"]) == (ACCOUNT, [], ["", "", ""])
    assert (seen["no_new_privileges"], seen["seccomp"]) == ("1", "2")
    assert (seen["root"], seen["definition"]) == ("OSError", "PermissionError")
    assert (seen["config"], seen["secret"]) == ("password of the database", SECRET)
    assert (seen["name"], seen["named"]) == ("gaierror", "127.0.0.1")
    assert seen["node"] in {"OSError", "TimeoutError", "ConnectionRefusedError"}
    assert (seen["outlet"], seen["database"], seen["datagram"]) == ("WORD", "WORD", 7)
    eventually(lambda: b"attempt" in heard, what="the datagram")
    api: Any = swarm.manager.client.api
    shown = json.dumps([api.services(), api.configs(), api.secrets(), api.tasks()])
    assert SECRET not in shown
    assert "password of the database" not in shown
    limits = api.inspect_service("odooops-env-1")["Spec"]["TaskTemplate"]["Resources"]["Limits"]
    assert limits == {"NanoCPUs": 500_000_000, "MemoryBytes": 256 * 1024**2, "Pids": 43}
    assert runtime.status("env-1")[0].state == "running"


def test_a_killed_task_and_a_lost_node_are_replaced(swarm: Swarm, runtime: SwarmRuntime, place: Path) -> None:
    """The same files answer; a start that is told twice changes nothing; after the end nothing is left."""
    wanted = service(swarm, place)
    runtime.start(wanted)
    eventually(lambda: told(place).get("starts") == 1, what="the first start", seconds=30)
    runtime.start(wanted)
    (container,) = swarm.node_of("odooops-env-1").client.containers.list(filters={"name": "odooops-env-1."})
    container.kill()
    eventually(lambda: told(place).get("starts") == 2, what="a second start", seconds=30)
    lost = swarm.node_of("odooops-env-1")
    began = time.monotonic()
    lost.cut()
    eventually(lambda: told(place).get("starts") == 3, what="a start on the other node", seconds=50)
    print(f"answered from another node {time.monotonic() - began:.1f} s after the loss")
    assert swarm.node_of("odooops-env-1") is not lost
    runtime.shut_down()
    assert runtime.status("env-1")[0].state == "stopped"
    assert told(place) == {}
    runtime.resume()
    eventually(lambda: told(place).get("starts") == 4, what="a start after the platform's", seconds=30)
    assert runtime.stop("env-1", remove=True).state == "absent"
    api: Any = swarm.manager.client.api
    left = [each for each in api.networks() if each["Name"].startswith("odooops-")]
    assert (api.services(), api.secrets(), left) == ([], [], [])


def test_what_another_node_cannot_have_is_refused(swarm: Swarm, runtime: SwarmRuntime, place: Path) -> None:
    """Code and files of this machine alone are no image and no volume."""
    code = place / "code"
    code.mkdir()
    (code / "large").write_bytes(bytes(600_000))
    with pytest.raises(BadInput, match="is on this machine alone"):
        runtime.start(service(swarm, place, readable=(code,)))
    bare = SwarmRuntime(place / "bare", engine=swarm.manager.url, image=swarm.manager.image, encrypted=False)
    with pytest.raises(BadInput, match="no volume is named"):
        bare.start(service(swarm, place))
    bare.stop("env-1", remove=True)
