"""The programs that people and the network reach, taken over, and Dagster's daemon: what code in their place finds.

The code is started as the platform starts the program, in its sandbox and with its variables.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import (
    StateEntry,
    code_socket,
    fork_socket,
    program_definition,
    supervisor_configuration,
    supervisor_socket,
)
from odooops_dagster.home.sockets import services_socket
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime import launch
from tests.conftest import missing
from tests.hostile.taken_over import CODE, FOLDERS
from tests.ops import Ops
from tests.servers import state_folder

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

PROGRAMS = ("gateway", "router", "catcher", "egress", "webserver", "daemon")
# They look after runs, and so see the machine's processes.
OF_DAGSTER = ("webserver", "daemon")


@pytest.fixture(scope="module")
def ops() -> Iterator[Ops]:
    """Yield the command on a platform that runs, with a project that has a webhook."""
    if shutil.which("bwrap") is None:
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")
    with state_folder("front", parent=Path("/var/tmp")) as home:  # noqa: S108 - a private folder is made in it
        ops = Ops(home)
        try:
            started = ops.run("up", "--detach")
            assert started.returncode == 0, started.stderr
            with ControlPlane(database_urls(Settings(home=home)).operator) as control:
                control.projects.create("shop", repo_url="https://forge.invalid/a.git", odoo_version="19.0")
            assert ops.run("webhook", "create", "shop").returncode == 0
            (home / StateEntry.STORE / "backup").write_text("production's data")
            (home / StateEntry.STORE / "sha256" / "log").write_text("what Odoo logged")
            yield ops
        finally:
            ops.run("down")


# The logins of what works on runs, by their names and as they stand in `secrets/`.
OF_A_WORKER = {"worker", "dagster", "postgres-ops_worker", "postgres-odooops_dagster"}


def taken_over(ops: Ops, program: str, *, confined: bool = True) -> dict[str, Any]:
    """Run the code in the program's place, and return what it found."""
    definition = json.loads(program_definition(ops.home, program).read_text())
    at = definition["argv"].index(sys.executable, definition["argv"].index("--"))
    wanted = {"folders": [str(ops.home / name) for name in FOLDERS], "sockets": sockets(ops), "memory": others(ops)}
    code = [sys.executable, "-I", "-S", "-c", CODE, json.dumps(wanted)]
    definition |= {"mark": f"taken-over:{ops.home}:{program}", "argv": [*definition["argv"][:at], *code]}
    if not confined:
        definition |= {"argv": code, "sandboxed": False}
    done = subprocess.run(
        [sys.executable, "-I", "-S", launch.__file__, "-", str(os.getpid())],
        input=json.dumps(definition),
        env=psutil.Process(ops.pids()[program]).environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def others(ops: Ops) -> list[str]:
    """Return what the kernel shows of the memory, variables and folders of the platform's programs."""
    return [f"/proc/{pid}/{name}" for pid in ops.pids().values() for name in ("environ", "mem", "root/etc/passwd")]


def sockets(ops: Ops) -> list[str]:
    """Return the sockets by which the platform's programs are told what to do."""
    found = [supervisor_socket(ops.home), code_socket(ops.home), fork_socket(ops.home)]
    found.append(services_socket(ops.home / StateEntry.RUNTIME))
    assert all(path.exists() for path in found)
    return [str(path) for path in found]


def test_a_taken_over_gateway_reads_its_own_login_and_the_webhooks_secrets(ops: Ops) -> None:
    """It finds those by which deliveries are signed, the artifacts of runs, and no other program's socket."""
    found = taken_over(ops, "gateway")
    webhooks = [str(file) for file in (ops.home / "secrets" / "webhooks").iterdir()]
    kept = str(ops.home / StateEntry.STORE / "sha256" / "log")
    assert (sorted(found["files"]), found["sockets"]) == (sorted([*webhooks, kept]), [])
    assert len(webhooks) == 1
    assert secrets_in(ops, found["variables"]) == {
        "gateway",
        "postgres-ops_gateway",
        "postgres-ops_api",
        "github-webhook",
    }


def test_a_taken_over_router_reads_the_password_of_its_visitors_alone(ops: Ops) -> None:
    """It sees what visitors ask and are answered; no other program is entered with it."""
    found = taken_over(ops, "router")
    assert (found["files"], found["sockets"]) == ([str(ops.home / "secrets" / "visitors" / "password")], [])
    assert secrets_in(ops, found["variables"]) == set()


@pytest.mark.parametrize("program", ["catcher", "egress"])
def test_a_taken_over_program_that_needs_no_secret_reads_none(ops: Ops, program: str) -> None:
    """Each knows an environment by its socket; the proxy is given it, and sees no folder of any."""
    found = taken_over(ops, program)
    assert (found["files"], found["sockets"]) == ([], [])
    assert secrets_in(ops, found["variables"]) == set()


def test_a_taken_over_webserver_reads_what_it_shows(ops: Ops) -> None:
    """It finds the secrets of people's sessions, Dagster's files and the artifacts of runs, and may start runs."""
    found = taken_over(ops, "webserver")
    shown = {"secrets/dagster/sessions", "secrets/dagster/proxy", "store/sha256/log"}
    assert {str(Path(name).relative_to(ops.home)) for name in found["files"] if not _is_dagsters(ops, name)} == shown
    assert found["sockets"] == [str(code_socket(ops.home)), str(fork_socket(ops.home))]
    assert secrets_in(ops, found["variables"]) == OF_A_WORKER


def test_a_taken_over_daemon_reads_no_secret_file(ops: Ops) -> None:
    """It has Dagster's files and the worker's login, and may start runs."""
    found = taken_over(ops, "daemon")
    assert [name for name in found["files"] if not _is_dagsters(ops, name)] == []
    assert found["sockets"] == [str(code_socket(ops.home)), str(fork_socket(ops.home))]
    assert secrets_in(ops, found["variables"]) == OF_A_WORKER


def _is_dagsters(ops: Ops, name: str) -> bool:
    return Path(name).is_relative_to(ops.home / StateEntry.DAGSTER)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_taken_over_program_sees_no_other_program(ops: Ops, program: str) -> None:
    """Neither their memory, nor their variables, nor the folders that they have open."""
    found = taken_over(ops, program)
    assert found["seen"] == []
    assert found["processes"] < 6 or program in OF_DAGSTER


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_reads_no_secret_of_another_while_it_runs(ops: Ops, program: str) -> None:
    """What the running program's own processes see of the state folder, and not only what one in their place would."""
    secrets = {file.name for file in (ops.home / "secrets").iterdir()}
    for process in processes_in(ops, program):
        inside = Path(f"/proc/{process.pid}/root") / (ops.home / "secrets").relative_to("/")
        seen = {file.name for file in inside.iterdir()} if inside.is_dir() else set()
        own = {"gateway": {"webhooks"}, "router": {"visitors"}, "webserver": {"dagster"}}
        assert seen == own.get(program, set())
        assert seen < secrets


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_has_no_way_out_of_its_sandbox(ops: Ops, program: str) -> None:
    """It has no capability, gains none, and holds no folder open, although some are forked."""
    for process in processes_in(ops, program):
        told = dict(line.split(":\t", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
        assert {int(told[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")} == {0}
        assert told["NoNewPrivs"] == "1"
        assert Path(f"/proc/{process.pid}/ns/user").readlink() != Path("/proc/self/ns/user").readlink()
        assert [file for file in Path(f"/proc/{process.pid}/fd").iterdir() if file.is_dir()] == []


@pytest.mark.parametrize("program", [StateEntry.CONTROL, StateEntry.POSTGRES])
def test_a_running_server_sees_its_own_files_alone(ops: Ops, program: StateEntry) -> None:
    """As an ordinary user the servers run in sandboxes; as root they have accounts of their own."""
    servers = processes_in(ops, program, called="postgres")
    for process in servers:
        inside = Path(f"/proc/{process.pid}/root") / ops.home.relative_to("/")
        with unless_ended(process):
            if os.geteuid() == 0:
                assert process.uids().real != 0
            else:
                assert {entry.name for entry in inside.iterdir()} == {program.value, "run"}
                assert {entry.name for entry in (inside / "run").iterdir()} == {program.value}


def processes_in(ops: Ops, program: str, *, called: str | None = None) -> list[psutil.Process]:
    """Return the processes of the program that are in its sandbox, or those of them with the name."""
    inside = []
    for process in psutil.Process(ops.pids()[program]).children(recursive=True):
        with unless_ended(process):
            name = process.name()
            if name == called or (called is None and name != "bwrap"):
                inside.append(process)
    assert inside
    return inside


@contextmanager
def unless_ended(process: psutil.Process) -> Iterator[None]:
    """Let the block find that the process is gone: a server's processes come and go with its connections."""
    try:
        yield
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            raise


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_its_sandbox_it_would_find_everything(ops: Ops, program: str) -> None:
    """The code finds what there is: all that keeps it out is the sandbox."""
    found = taken_over(ops, program, confined=False)
    reached = {Path(name).relative_to(ops.home).parts[0] for name in found["files"]}
    assert {"secrets", "store", "dagster", "logs"} <= reached
    assert found["sockets"] == sockets(ops)
    assert found["processes"] > 10
    assert found["seen"] != []


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_sandbox_holds_nothing_around_the_state_folder(ops: Ops, program: str) -> None:
    """Nor is the folder in which `ops up` was started, or a home folder, among what it may read."""
    words = json.loads(program_definition(ops.home, program).read_text())["argv"]
    bound = [Path(words[at + 1]) for at, word in enumerate(words) if word in {"--bind", "--ro-bind", "--ro-bind-try"}]
    assert [path for path in bound if ops.home.is_relative_to(path)] == []
    assert [path for path in bound if path in {supervisor_configuration(ops.home).parent, Path.home()}] == []


def secrets_in(ops: Ops, variables: dict[str, str]) -> set[str]:
    """Return which of the platform's secrets the variables hold."""
    urls = database_urls(Settings(home=ops.home))
    named = {name: getattr(urls, name) for name in ("owner", "gateway", "worker", "operator", "dagster", "odoo")}
    kept = {file.name: file.read_text().strip() for file in (ops.home / "secrets").iterdir() if file.is_file()}
    text = "\n".join(variables.values())
    return {name for name, value in {**kept, **named}.items() if value in text}
