"""A machine on which the sandbox cannot be had: nothing starts without it, unless somebody says so aloud.

The commands run where the machine's bwrap is another one, which fails as bwrap does on such kernels.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.local.sandboxes import TRUSTING
from odooops_dagster.model import Sandbox
from odooops_dagster.tools.runtime.sandbox.stored import to_json
from tests.conftest import missing
from tests.integration.test_sandboxed_programs import CALLER, ROOT
from tests.ops import Ops
from tests.servers import state_folder

IS_ROOT = os.geteuid() == 0
BWRAP = Path("/usr/bin/bwrap")
# What bwrap 0.8 says. Source: bubblewrap.c and utils.c of the containers/bubblewrap project.
COMPLAINTS = {
    "no namespaces for users": "No permissions to create new namespace, likely because the kernel does not allow"
    " non-privileged user namespaces.",
    "namespaces that AppArmor empties": "setting up uid map: Permission denied",
    "a container without the right to mount": "Can't mount proc on /newroot/proc: Operation not permitted",
}


class OpsElsewhere(Ops):
    """Runs `ops` where bwrap is another program."""

    def __init__(self, home: Path, *, bwrap: Path, setting: tuple[Path, Path] | None = None) -> None:
        super().__init__(home)
        self.prefix = elsewhere((bwrap, BWRAP), *([] if setting is None else [setting]))

    def _argv(self, *arguments: str) -> list[str]:
        return [*self.prefix, *super()._argv(*arguments)]


def elsewhere(*replaced: tuple[Path, Path]) -> list[str]:
    """Return a prefix that runs a command where each first file is in the place of the second."""
    rights = ["--cap-add", "ALL"] if IS_ROOT else []
    mounts = [word for file, place in replaced for word in ("--ro-bind", str(file), str(place))]
    return [str(BWRAP), *rights, "--dev-bind", "/", "/", *mounts, "--"]


@pytest.fixture
def home() -> Iterator[Path]:
    """Yield a state folder on a machine with bubblewrap, which a test replaces."""
    if not BWRAP.is_file():
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")
    with state_folder("bare") as folder:
        yield folder


def failing(folder: Path, complaint: str) -> Path:
    """Write a bwrap that fails with this complaint."""
    made = folder / "bwrap"
    made.write_text(f'#!/bin/sh\ncat >&2 <<"."\nbwrap: {complaint}\n.\nexit 1\n')
    made.chmod(0o755)
    return made


def absent(folder: Path) -> Path:
    """Write a file that is no program."""
    made = folder / "bwrap"
    made.touch(mode=0o644)
    return made


def said_by_doctor(ops: Ops) -> dict[str, object]:
    """Return what the doctor says of the sandbox, after it ended as for a machine that is not ready."""
    return next(each for each in ops.json("doctor", status=1) if each["name"] == "sandbox")


@pytest.mark.parametrize("name", COMPLAINTS)
def test_the_platform_does_not_start_where_the_sandbox_does_not(home: Path, tmp_path: Path, name: str) -> None:
    """The line has bwrap's own reason, the hint what mends it and the way to do without; nothing was started."""
    ops = OpsElsewhere(home, bwrap=failing(tmp_path, COMPLAINTS[name]))
    refused = ops.run("up")
    assert refused.returncode == 1
    assert f"the sandbox does not start: bwrap: {COMPLAINTS[name]}" in refused.stderr
    assert "ops up --trust-pushers" in refused.stderr
    assert "start the platform" in refused.stderr or "sysctl -w" in refused.stderr
    assert ops.processes() == []
    told = said_by_doctor(ops)
    assert (told["ok"], told["blocking"]) == (False, True)
    assert COMPLAINTS[name] in str(told["detail"])
    assert "ops up --trust-pushers" in str(told["hint"])


def test_the_platform_does_not_start_without_bubblewrap(home: Path, tmp_path: Path) -> None:
    """The hint is the command that installs it."""
    ops = OpsElsewhere(home, bwrap=absent(tmp_path))
    refused = ops.run("up")
    assert refused.returncode == 1
    assert "bwrap is not installed" in refused.stderr
    assert "apt-get install -y bubblewrap; or trust whoever pushes" in refused.stderr
    assert ops.processes() == []
    assert "apt-get install -y bubblewrap" in str(said_by_doctor(ops)["hint"])


def test_whoever_trusts_the_pushers_reads_what_that_means(home: Path, tmp_path: Path) -> None:
    """It is the first that `ops up` says, and what the doctor says; the start goes on to what else is wrong."""
    ops = OpsElsewhere(home, bwrap=absent(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        up = ops.run("up", "--trust-pushers", ODOOOPS_GATEWAY_PORT=port)
    assert up.returncode == 1
    assert f"WARNING: {TRUSTING}" in up.stderr
    assert f"port {port} of the gateway is taken" in up.stderr
    doctor = ops.run("doctor", "--json", ODOOOPS_TRUST_PUSHERS="true")
    told = next(each for each in json.loads(doctor.stdout) if each["name"] == "sandbox")
    assert (told["ok"], told["detail"]) == (True, TRUSTING)


def test_a_job_whose_sandbox_does_not_start_does_not_run(tmp_path: Path) -> None:
    """A kernel's setting that changes while the platform runs stops its jobs, and opens nothing."""
    if not BWRAP.is_file():
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")
    own = tmp_path / "own"
    own.mkdir()
    sandbox = json.dumps(to_json(Sandbox(writable=(own,), home=own, uid=61001 if IS_ROOT else None)))
    program = ["/bin/sh", "-c", f"touch {own}/ran"]
    argv = [sys.executable, "-c", CALLER, str(tmp_path), sandbox, *program]
    complaint = COMPLAINTS["no namespaces for users"]
    subprocess.run([*elsewhere((failing(tmp_path, complaint), BWRAP)), *argv], cwd=ROOT, check=True, timeout=60)
    assert (tmp_path / "log").read_text() == f"bwrap: {complaint}\n"
    assert not (own / "ran").exists()


@pytest.mark.skipif(IS_ROOT, reason="root needs no namespaces of users")
def test_a_kernel_that_forbids_namespaces_to_users_is_told_with_its_own_command(home: Path, tmp_path: Path) -> None:
    """The setting is looked up: the hint names the one that forbids, and not all that could."""
    forbids = tmp_path / "zero"
    forbids.write_text("0\n")
    ops = OpsElsewhere(
        home,
        bwrap=failing(tmp_path, COMPLAINTS["no namespaces for users"]),
        setting=(forbids, Path("/proc/sys/user/max_user_namespaces")),
    )
    refused = ops.run("up")
    assert refused.returncode == 1
    assert "sysctl -w user.max_user_namespaces=10000" in refused.stderr
