"""A real Docker Swarm on this machine: engines with networks, data and containerds of their own, and a cable to each.

Nodes are network namespaces on a bridge in another one, so that nothing of the machine's own network is touched.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import missing
from tests.docker_engine import IMAGE, Engine
from tests.suites.processes import eventually

_TAG = f"odo{os.getpid() % 100000}"
_SWITCH = f"{_TAG}sw"
_NETWORK = 0x40000000  # CLONE_NEWNET


class Node(Engine):
    """An engine in a network of its own."""

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__(folder)
        self.name, self.address = f"{_TAG}n{number}", f"10.213.7.{number}"
        self.cable = f"{_TAG}v{number}"
        own = ("unshare", "--mount", "--propagation", "private")
        self._inside = ("nsenter", f"--net=/run/netns/{self.name}", *own)
        self._options = ("--bridge", "none", "--iptables=true", "--ip-forward=true", "--shutdown-timeout", "2")

    @property
    def id(self) -> str:
        """Return the swarm's name of the node."""
        return str(self.client.info()["Swarm"]["NodeID"])

    def cut(self) -> None:
        """Pull the cable: the node works on, and reaches nobody."""
        _ip("-n", _SWITCH, "link", "set", self.cable, "down")

    def mend(self) -> None:
        """Put the cable back."""
        _ip("-n", _SWITCH, "link", "set", self.cable, "up")

    def lead(self, port: int) -> None:
        """Lead this port of the node's own loopback address to that of the machine, as long as this process lives."""
        made: list[socket.socket] = []
        entering = threading.Thread(target=lambda: made.append(_listening_in(self.name, port)))
        entering.start()
        entering.join()
        threading.Thread(target=_lead, args=(made[0], port), daemon=True).start()


class Swarm:
    """A manager, and two workers on which environments may run."""

    def __init__(self, nodes: list[Node]) -> None:
        self.manager, *self.workers = nodes

    def node_of(self, service: str) -> Node:
        """Return the worker on which the service's task runs."""
        api: Any = self.manager.client.api
        tasks = api.tasks(filters={"service": service, "desired-state": "running"})
        (found,) = [each.get("NodeID") for each in tasks]
        (node,) = [each for each in self.workers if each.id == found]
        return node


@contextmanager
def running_swarm() -> Iterator[Swarm]:
    """Run a swarm of three; skip with the reason where its kernel or its engine has no overlay networks."""
    if os.geteuid() != 0:
        pytest.skip("a swarm is started by root alone: make test ARGS='-m docker'")
    for program, package in (("dockerd", "docker.io"), ("mmdebstrap", "mmdebstrap"), ("ip", "iproute2")):
        if shutil.which(program) is None:
            missing(f"{program} is not installed: apt-get install -y --no-install-recommends {package}")
    folder = Path(tempfile.mkdtemp(prefix="odooops-swarm-", dir="/var/tmp"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        _require_vxlan()
        nodes = [stack.enter_context(_node(folder / str(number), number)) for number in (1, 2, 3)]
        with ThreadPoolExecutor() as pool:
            list(pool.map(_start, nodes))
            try:
                yield _joined(nodes)
            finally:
                list(pool.map(Node.end, nodes))


@contextmanager
def _node(folder: Path, number: int) -> Iterator[Node]:
    folder.mkdir()
    node = Node(folder, number)
    if number == 1:
        _ip("netns", "add", _SWITCH)
        _ip("-n", _SWITCH, "link", "add", "name", "sw0", "type", "bridge")
        _ip("-n", _SWITCH, "link", "set", "sw0", "up")
    _ip("netns", "add", node.name)
    _ip("-n", _SWITCH, "link", "add", node.cable, "type", "veth", "peer", "name", "eth0", "netns", node.name)
    _ip("-n", _SWITCH, "link", "set", node.cable, "master", "sw0", "up")
    _ip("-n", node.name, "addr", "add", f"{node.address}/24", "dev", "eth0")
    for device in ("lo", "eth0"):
        _ip("-n", node.name, "link", "set", device, "up")
    try:
        yield node
    finally:
        node.client.close()
        node.end()
        _ip("netns", "del", node.name)
        if number == 1:
            _ip("netns", "del", _SWITCH)


def _start(node: Node) -> None:
    node.start()
    node.load_base(IMAGE)


def _joined(nodes: list[Node]) -> Swarm:
    manager, *workers = nodes
    manager.client.swarm.init(
        advertise_addr=manager.address, listen_addr=f"{manager.address}:2377", dispatcher_heartbeat_period=1_000_000_000
    )
    token = manager.client.swarm.attrs["JoinTokens"]["Worker"]
    for worker in workers:
        worker.client.swarm.join(
            [f"{manager.address}:2377"],
            token,
            advertise_addr=worker.address,
            listen_addr=f"{worker.address}:2377",
        )
    eventually(lambda: len(_ready(manager)) == len(nodes), what="a swarm of three")
    return Swarm(nodes)


def _ready(manager: Node) -> list[str]:
    return [each["ID"] for each in manager.client.api.nodes() if each["Status"]["State"] == "ready"]


def _require_vxlan() -> None:
    """Skip where the kernel makes no network between nodes."""
    name = f"{_TAG}p"
    _ip("netns", "add", name)
    try:
        words = ["ip", "-n", name, "link", "add", "x0", "type", "vxlan", "id", "42", "dstport", "4789"]
        made = subprocess.run(words, capture_output=True, text=True, check=False)
    finally:
        _ip("netns", "del", name)
    if made.returncode:
        pytest.skip(f"this kernel has no overlay networks: {made.stderr.strip()}")


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no network of its own can be made: ip {' '.join(words)}: {done.stderr.strip()}")


def _listening_in(namespace: str, port: int) -> socket.socket:
    """Return a socket that listens in that network; the thread stays there, so it has to be one of its own."""
    with Path("/run/netns", namespace).open("rb") as entry:
        if ctypes.CDLL(None, use_errno=True).setns(entry.fileno(), _NETWORK):
            raise OSError(ctypes.get_errno(), f"no way into {namespace}")
    return socket.create_server(("127.0.0.1", port))


def _lead(listening: socket.socket, port: int) -> None:
    while True:
        here, _ = listening.accept()
        there = socket.create_connection(("127.0.0.1", port))
        for pair in ((here, there), (there, here)):
            threading.Thread(target=_copy, args=pair, daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy until one side ends, and tell the other."""
    with suppress(OSError):
        while data := source.recv(1 << 20):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
