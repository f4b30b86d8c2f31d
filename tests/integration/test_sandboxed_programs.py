"""Jobs and services in a sandbox: they end, answer and come back as others do, and reach nothing of the platform."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import psutil
import pytest

from odooops_dagster.model import Job, Limits, Sandbox, Service
from odooops_dagster.tools.runtime.job import run_job
from odooops_dagster.tools.runtime.ports import free_port
from odooops_dagster.tools.runtime.process import ProcessRuntime
from odooops_dagster.tools.runtime.sandbox import attack, trial
from odooops_dagster.tools.runtime.sandbox.stored import from_json, to_json
from tests.conftest import missing
from tests.suites.hostile import PYTHON
from tests.suites.processes import ANSWER, LIMITS, eventually, word_at

ROOT = Path(__file__).parents[2]
UID = 61001 if os.geteuid() == 0 else None

# Ends in its own time when asked to.
POLITE = """
import os, signal, time
def end(number, frame):
    os.write(1, f"ends on {number}\\n".encode())
    os._exit(7)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""

# A child, and a grandchild in a session of its own, all of which carry the mark in their command line.
FAMILY = """
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
    time.sleep(600)
time.sleep(0.2)
print("family", flush=True)
time.sleep(600)
"""

# Runs a job in a process of its own, so that it may be killed.
CALLER = """
import json, sys
from dataclasses import replace
from pathlib import Path
from odooops_dagster.model import Job
from odooops_dagster.tools.runtime.job import run_job
from odooops_dagster.tools.runtime.sandbox.stored import from_json
folder = Path(sys.argv[1])
sandbox = from_json(json.loads(sys.argv[2]))
run_job(Job(name="job", argv=tuple(sys.argv[3:]), cwd=sandbox.home, log_path=folder / "log", sandbox=sandbox))
"""


@pytest.fixture(autouse=True)
def _bubblewrap() -> None:
    if shutil.which("bwrap") is None:
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")


# Answers on the socket that it inherits, as an Odoo does, and tells whether it reaches another port of the machine.
INHERITS = """
import os, socket, sys
assert os.environ["LISTEN_FDS"] == "1"
server = socket.socket(fileno=3)
while True:
    connection, _ = server.accept()
    with socket.socket() as outside:
        answer = "reached" if outside.connect_ex(("127.0.0.1", int(sys.argv[1]))) == 0 else "alone"
    connection.sendall(answer.encode())
    connection.close()
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return a sandbox with a folder of its own, on the machine's network."""
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    if UID is not None:
        os.chown(own, UID, UID)
    return Sandbox(writable=(own,), home=own, uid=UID, shares_network=True)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[ProcessRuntime]:
    """Yield a runtime that is ended with the test."""
    runtime = ProcessRuntime(tmp_path / "runtime")
    yield runtime
    runtime.shut_down()


def job(sandbox: Sandbox, tmp_path: Path, script: str, *words: str, timeout: float = 60, memory_mb: int = 0) -> Job:
    """Return a job that runs the script in the sandbox."""
    argv = (str(PYTHON), "-I", "-S", "-c", script, *words)
    return Job(
        name="job",
        argv=argv,
        cwd=sandbox.home,
        log_path=tmp_path / "log",
        timeout_seconds=timeout,
        memory_mb=memory_mb,
        sandbox=sandbox,
    )


def service(sandbox: Sandbox, tmp_path: Path, script: str, *words: str, port: int = 0) -> Service:
    """Return a service that runs the script in the sandbox."""
    argv = (str(PYTHON), "-I", "-S", "-c", script, *words)
    return Service(
        name="env-1", argv=argv, cwd=sandbox.home, port=port, log_path=tmp_path / "service.log", sandbox=sandbox
    )


def marked(mark: str) -> list[int]:
    """Return the processes that carry the mark, wherever they run."""
    found = []
    for process in psutil.process_iter():
        try:
            if mark in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("import os; os.kill(os.getpid(), 15)", -signal.SIGTERM),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
    ],
)
def test_a_job_ends_with_the_status_of_its_program(sandbox: Sandbox, tmp_path: Path, script: str, status: int) -> None:
    """An exit status or a signal, as without a sandbox."""
    assert run_job(job(sandbox, tmp_path, script)).exit_status == status


def test_a_job_whose_program_is_missing_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    """The log names the program."""
    result = run_job(replace(job(sandbox, tmp_path, ""), argv=("no-such-program",)))
    assert result.exit_status == 127
    assert "no-such-program" in result.log_path.read_text()


def test_the_time_limit_ends_a_job_and_all_its_descendants(sandbox: Sandbox, tmp_path: Path) -> None:
    """A grandchild that left for a session of its own ends too."""
    mark = token_hex(8)
    for seconds in LIMITS:
        result = run_job(job(sandbox, tmp_path, FAMILY, mark, timeout=seconds))
        assert result.timed_out
        if has_begun := "family" in result.log_path.read_text():
            break
    assert has_begun
    assert marked(mark) == []


def test_a_killed_caller_takes_the_whole_job_with_it(sandbox: Sandbox, tmp_path: Path) -> None:
    """Kill -9 of a run's process leaves no time to clean up."""
    mark = token_hex(8)
    program = [str(PYTHON), "-I", "-S", "-c", FAMILY, mark]
    argv = [sys.executable, "-c", CALLER, str(tmp_path), json.dumps(to_json(sandbox)), *program]
    with subprocess.Popen(argv, cwd=ROOT) as caller:
        eventually(lambda: len(marked(mark)) >= 4, what="the family is there")
        caller.kill()
    eventually(lambda: not marked(mark), what="the job is gone")


def test_a_killed_launcher_takes_the_whole_job_with_it(sandbox: Sandbox, tmp_path: Path) -> None:
    """Kill -9 of what stands between caller and job is seen and cleaned up after."""
    mark = token_hex(8)

    def kill_launcher(_line: str) -> None:
        (launcher,) = (child for child in psutil.Process().children() if "launch.py" in " ".join(child.cmdline()))
        launcher.kill()

    result = run_job(job(sandbox, tmp_path, FAMILY, mark, timeout=20), on_line=kill_launcher)
    assert result.exit_status == -signal.SIGKILL
    assert not result.timed_out
    eventually(lambda: not marked(mark), what="the job is gone")


def test_a_job_may_not_take_more_memory_than_its_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    """The same program runs where the limit allows it."""
    script = "x = b'x' * (400 * 1024 * 1024)"
    refused = run_job(job(sandbox, tmp_path, script, memory_mb=200))
    assert refused.exit_status == 1
    assert "MemoryError" in refused.log_path.read_text()
    assert run_job(job(sandbox, tmp_path, script, memory_mb=900)).exit_status == 0


def test_a_job_that_writes_without_end_is_ended(sandbox: Sandbox, tmp_path: Path) -> None:
    """Neither the disk nor the one who reads the log gets more than the limit; a job that keeps to it is not ended."""
    lines: list[str] = []
    script = "import sys\nwhile True: sys.stdout.write('x' * 99 + '\\n')"
    flood = run_job(replace(job(sandbox, tmp_path, script), output_mb=1), on_line=lines.append)
    assert flood.overflowed
    assert not flood.timed_out
    assert flood.exit_status == -signal.SIGKILL
    assert flood.log_path.stat().st_size == 1024**2
    assert sum(len(line) + 1 for line in lines) <= 1024**2 + 1
    flood.log_path.unlink()
    whole = run_job(replace(job(sandbox, tmp_path, "print('x' * (1024**2 - 1))"), output_mb=1))
    assert (whole.overflowed, whole.exit_status, whole.log_path.stat().st_size) == (False, 0, 1024**2)


def test_no_attack_of_a_job_succeeds(tmp_path: Path) -> None:
    """Through the runtime as it starts every job, and not only through the command line of a sandbox."""
    with trial.scene(uid=UID, python=PYTHON) as built:
        source = Path(attack.__file__).read_text()
        argv = (str(PYTHON), "-I", "-S", "-c", source, json.dumps(built.targets))
        one = Job(name="job", argv=argv, cwd=built.sandbox.home, log_path=tmp_path / "log", sandbox=built.sandbox)
        result = run_job(one)
    assert json.loads(result.log_path.read_text()) == {}
    assert result.exit_status == 0


def test_a_service_ends_in_its_own_time(sandbox: Sandbox, tmp_path: Path, runtime: ProcessRuntime) -> None:
    """The request to end reaches the program in the sandbox, which finishes its work."""
    runtime.start(service(sandbox, tmp_path, POLITE))
    eventually(lambda: runtime.logs("env-1") == ["ready"], what="it is ready")
    runtime.stop("env-1")
    assert runtime.logs("env-1") == ["ready", "ends on 15"]
    # Its own status: at the end of the time of grace it would have been killed.
    assert "stopped: env-1 (exit status 7)" in (tmp_path / "runtime" / "supervisord.log").read_text()


def test_a_service_answers_on_its_port_and_comes_back(
    sandbox: Sandbox, tmp_path: Path, runtime: ProcessRuntime
) -> None:
    """Told the same again, nothing changes; killed, it is started again; after a restart it runs again."""
    port = free_port()
    one = service(sandbox, tmp_path, ANSWER, str(port), "one", port=port)
    first = runtime.start(one)
    eventually(lambda: word_at(port) == "one", what="it answers")
    assert runtime.start(one).pid == first.pid
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: runtime.status("env-1")[0].pid not in {None, first.pid}, what="a new process")
    eventually(lambda: word_at(port) == "one", what="it answers again")
    runtime.shut_down()
    assert word_at(port) is None
    again = ProcessRuntime(tmp_path / "runtime")
    again.resume()
    eventually(lambda: word_at(port) == "one", what="it answers after a restart")
    assert again.stop("env-1", remove=True).state == "absent"


def test_a_stored_sandbox_is_the_same_again(sandbox: Sandbox) -> None:
    """A definition that is read back is compared with the one that is wanted."""
    full = replace(
        sandbox,
        readable=(Path("/opt"),),
        mounts={"/pg": Path("/run")},
        shares_network=False,
        limits=Limits(processes=7),
    )
    assert from_json(json.loads(json.dumps(to_json(full)))) == full
    assert from_json(to_json(None)) is None


def test_a_service_answers_on_its_port_and_reaches_no_other(
    sandbox: Sandbox, runtime: ProcessRuntime, tmp_path: Path
) -> None:
    """The port is open on the machine; inside is a network with nothing on it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port, reachable = free_port(), other.getsockname()[1]
        private = replace(sandbox, shares_network=False)
        runtime.start(service(private, tmp_path, INHERITS, str(reachable), port=port))
        eventually(lambda: word_at(port), what="an answer")
        assert word_at(port) == "alone"


def test_a_service_answers_at_a_socket_that_only_we_reach(
    sandbox: Sandbox, runtime: ProcessRuntime, tmp_path: Path
) -> None:
    """On a network of its own or on the machine's; its account cannot even see the folder of the socket."""
    for shares in (False, True):
        place = tmp_path / "run" / f"{shares}.sock"
        shared = replace(sandbox, shares_network=shares)
        runtime.start(replace(service(shared, tmp_path, INHERITS, "1"), name=f"env-{shares}", socket=place))
        eventually(lambda place=place: word_at(place) == "alone", what="an answer")  # type: ignore[misc]
        assert place.stat().st_mode & 0o777 == 0o600
        runtime.stop(f"env-{shares}", remove=True)
        assert not place.exists()


def test_a_service_whose_port_is_taken_says_so(sandbox: Sandbox, runtime: ProcessRuntime, tmp_path: Path) -> None:
    """It is started again when the port is free."""
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    started = service(replace(sandbox, shares_network=False), tmp_path, INHERITS, "1", port=port)
    with taken:
        runtime.start(started)
        eventually(lambda: "Address already in use" in started.log_path.read_text(), what="the reason")
    eventually(lambda: word_at(port) == "alone", what="an answer")
