"""What keeps `ops up` from starting: each is one line, the command that mends it, and exit status 1."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.ops import Ops
from tests.servers import state_folder


@pytest.fixture
def ops() -> Iterator[Ops]:
    """Yield the command on an empty state folder."""
    with state_folder("refusals") as home:
        yield Ops(home)


def _refusal(ops: Ops, **environment: str) -> tuple[str, str]:
    """Return the line and the remedy with which `ops up` refuses."""
    done = ops.run("up", **environment)
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("state folder ")]
    assert len(lines) == 2, done.stderr
    assert ops.processes() == []
    return lines[0].removeprefix("ops: "), lines[1].removeprefix("  → ")


@pytest.mark.parametrize("variable", ["ODOOOPS_GATEWAY_PORT", "ODOOOPS_DAGSTER_PORT", "ODOOOPS_ENVIRONMENTS_PORT"])
def test_a_port_already_taken_is_refused(ops: Ops, variable: str) -> None:
    """The line names the port and who has it; the remedy is another port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        line, remedy = _refusal(ops, **{variable: port})
    assert f"port {port} of the" in line
    assert f"(process {os.getpid()})" in line
    assert f"{variable}=" in remedy


def test_a_missing_git_is_refused(ops: Ops, tmp_path: Path) -> None:
    """Projects are git repositories."""
    line, remedy = _refusal(ops, PATH=str(tmp_path))
    assert line == "git is not installed"
    assert "install" in remedy


def test_a_state_folder_that_is_a_file_is_refused(ops: Ops) -> None:
    """The remedy moves the file away."""
    blocker = ops.home / "state"
    blocker.touch()
    line, remedy = _refusal(ops, ODOOOPS_HOME=str(blocker))
    assert f"{blocker} is not a folder" in line
    assert remedy == f"mv {blocker} {blocker}.old"


@pytest.mark.root
def test_a_state_folder_of_someone_else_is_refused(ops: Ops) -> None:
    """The line says whose it is."""
    os.chown(ops.home, 65534, -1)
    line, _ = _refusal(ops)
    assert "belongs to nobody, not to root" in line


@pytest.mark.root
def test_a_state_folder_that_the_server_cannot_enter_is_refused(ops: Ops) -> None:
    """PostgreSQL runs as another user, who has to get there."""
    closed = ops.home / "closed"
    closed.mkdir(mode=0o700)
    line, remedy = _refusal(ops, ODOOOPS_HOME=str(closed / "state"))
    assert f"cannot enter {closed}" in line
    assert remedy.startswith(f"chmod o+x {closed}")


@pytest.mark.root
def test_a_full_disk_is_refused(ops: Ops) -> None:
    """The line tells how much is free, the remedy finds what fills it."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "none", ops.home], check=False).returncode != 0:
        missing("this machine lets nobody mount a disk")
    try:
        line, remedy = _refusal(ops)
    finally:
        subprocess.run(["umount", ops.home], check=True)
    assert f"the disk of {ops.home} is full: 20 MB are free" in line
    assert remedy.startswith("du -xh")


def test_a_half_initialised_cluster_is_refused(ops: Ops) -> None:
    """What may be someone's data is not overwritten."""
    data = ops.home / "postgres" / "data"
    data.mkdir(parents=True)
    if os.geteuid() == 0:
        shutil.chown(data, "postgres")
    line, remedy = _refusal(ops)
    assert f"{data} is not a whole PostgreSQL cluster" in line
    assert f"mv {data} {data}.broken" in remedy


def test_a_database_that_does_not_answer_is_refused(ops: Ops) -> None:
    """The line names the variable; the password in it is not shown."""
    line, remedy = _refusal(ops, ODOOOPS_DATABASE_URL="postgresql://me:s3cret@127.0.0.1:1/ops")
    assert line.startswith("ODOOOPS_DATABASE_URL does not let us in")
    assert "s3cret" not in line
    assert remedy == "correct ODOOOPS_DATABASE_URL"


def test_a_setting_that_cannot_be_read_is_refused(ops: Ops) -> None:
    """The line names the variable."""
    line, remedy = _refusal(ops, ODOOOPS_GATEWAY_PORT="many")
    assert line.startswith("ODOOOPS_GATEWAY_PORT: ")
    assert remedy == "correct or unset ODOOOPS_GATEWAY_PORT"


def test_a_refusal_is_json_for_a_machine(ops: Ops, tmp_path: Path) -> None:
    """Error and remedy are fields."""
    done = ops.run("up", "--json", PATH=str(tmp_path))
    assert done.returncode == 1
    assert '"error": "git is not installed"' in done.stderr


def test_the_doctor_names_everything_that_is_missing(ops: Ops, tmp_path: Path) -> None:
    """Nothing is left out because something before it failed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = ops.json("doctor", status=1, PATH=str(tmp_path), ODOOOPS_GATEWAY_PORT=str(server.getsockname()[1]))
    wrong = {finding["name"] for finding in found if not finding["ok"]}
    assert {"git", "ports", "platform", "schema", "Odoo"} <= wrong
    assert all(finding["hint"] for finding in found if not finding["ok"] and finding["name"] != "memory")


def test_the_doctor_is_content_with_a_machine_that_can_start(ops: Ops) -> None:
    """What only a first run brings is told, and is no fault."""
    done = ops.run("doctor")
    assert done.returncode == 0, done.stdout
    assert "→ ops up" in done.stdout
