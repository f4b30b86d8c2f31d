"""Who asks the router under a name of this machine: the platform's own account, or code of another one's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from odooops_dagster.doors.router import askers
from odooops_dagster.doors.router.routes import route
from odooops_dagster.home import VISITORS_SECRET, environment_socket
from odooops_dagster.local.secrets import read_or_create_secret
from odooops_dagster.settings import Settings
from tests.hostile.test_connections import ASK, LABEL, EvilOdoo
from tests.routers import PATIENCE, routing

# Asks without anything of the project's, which another account may not read.
_ASKER = """
import os, socket, sys
uid = int(sys.argv[2])
if uid != os.getuid():
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as connection:
    connection.sendall(sys.stdin.buffer.read())
    print(connection.recv(4096).decode().split()[1])
"""
_SANDBOX_ACCOUNT = 2_000_000_007
# Says whether the two ends, of the arguments, are the platform's own to who runs this.
_TELLS = "import sys; from odooops_dagster.doors.router import askers; a, b = sys.argv[1:];"
_TELLS += "print(askers.is_the_platforms(('127.0.0.1', int(a)), ('127.0.0.1', int(b))))"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Yield the port of a router before a preview."""
    settings = Settings(home=tmp_path)
    read_or_create_secret(settings.home, VISITORS_SECRET)
    with (
        closing(EvilOdoo(environment_socket(settings.home, LABEL))),
        routing(lambda head, client: route(settings, head, client=client)) as found,
    ):
        yield found


def status(port: int, uid: int) -> str:
    """Return the status that a program of the account gets for a preview's name below localhost."""
    argv = [sys.executable, "-I", "-c", _ASKER, str(port), str(uid)]
    return subprocess.run(argv, input=ASK, stdout=subprocess.PIPE, timeout=PATIENCE, check=True).stdout.decode().strip()


def test_the_persons_own_programs_are_not_asked(port: int) -> None:
    """As a browser on the machine of whoever runs the platform."""
    assert status(port, os.getuid()) == "200"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's sandboxes have accounts of their own")
def test_sandboxed_code_with_the_machines_network_is_asked(port: int) -> None:
    """What pip runs, or production's Odoo, asks for a preview by its name."""
    assert status(port, _SANDBOX_ACCOUNT) == "401"


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_connection_that_is_closed_is_nobodys(family: socket.AddressFamily, address: str) -> None:
    """The kernel says that its account is root's: a program may ask, and be gone before it is looked at."""
    with socket.socket(family) as listening:
        try:
            listening.bind((address, 0))
        except OSError as exc:
            pytest.skip(f"this machine has no {address}: {exc}")
        listening.listen()
        client = socket.create_connection(listening.getsockname()[:2], timeout=PATIENCE)
        accepted, _ = listening.accept()
        with accepted:
            ends = accepted.getpeername()[:2], accepted.getsockname()[:2]
            assert askers.is_the_platforms(*ends)
            client.close()
            _skip_where_the_kernel_does_not_say(*ends)
            until = time.monotonic() + PATIENCE
            while askers.is_the_platforms(*ends):
                assert time.monotonic() < until
                time.sleep(0.01)


def _skip_where_the_kernel_does_not_say(peer: askers.Place, own: askers.Place) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4):
        try:
            askers.account(peer, own)
        except OSError as exc:
            pytest.skip(f"the kernel answers no question about sockets: {exc}")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("bwrap"), reason="the router's sandbox, as root")
def test_the_routers_own_sandbox_tells_the_platforms_account_from_others(port: int) -> None:
    """In its namespace of users it sees every other account as one that is not its own."""
    for uid, expected in ((0, "True"), (_SANDBOX_ACCOUNT, "False")):
        with socket.socket() as client:
            os.fchown(client.fileno(), uid, uid)
            client.connect(("127.0.0.1", port))
            found = subprocess.run(
                [
                    *("bwrap", "--dev-bind", "/", "/", "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--"),
                    *(sys.executable, "-c", _TELLS, str(client.getsockname()[1]), str(port)),
                ],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=True,
            )
            assert found.stdout.strip() == expected
