"""Runs are forked from a program that has imported the definitions: real processes, killed at every moment."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import psutil
import pytest

from odooops_dagster.engine import tags
from odooops_dagster.engine.fork_client import ForkRequest, Refused, ask_for_process
from odooops_dagster.engine.fork_server import runs_of
from odooops_dagster.engine.processes import Process
from tests.dagster.engine import until
from tests.dagster.forks import HERE, Forks, forking
from tests.servers import PostgresServer, state_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def forks(postgres_server: PostgresServer) -> Iterator[Forks]:
    """Yield a program that forks runs, over a Dagster instance on PostgreSQL."""
    with (
        state_folder("forks") as home,
        postgres_server.fresh_database(migrated=False) as storage,
        forking(home, dagster_url=storage) as running,
    ):
        yield running


def test_a_run_is_a_process_of_its_own(forks: Forks) -> None:
    """It leads its session, has nothing of its parent's but the code, and Dagster knows who it is."""
    run_id = forks.launch(wait=True)
    facts = forks.facts(run_id)
    assert facts["pid"] not in {os.getpid(), forks.pid}
    assert facts["session"] == facts["group"] == facts["pid"]
    assert (facts["threads"], facts["blocked"]) == (["MainThread"], [])
    assert (facts["core"], facts["stdin"], facts["name"]) == (0, "/dev/null", "odooops-run")
    assert facts["cwd"] == str(forks.home / "dagster")
    process = Process.of(facts["pid"])
    assert forks.run(run_id).tags[tags.PROCESS] == str(process)
    assert forks.run(run_id).tags[tags.FORKED] == f"{run_id}@{process}"
    parents = inodes_of(forks.pid)
    assert not parents & inodes_of(facts["pid"])
    forks.let("go")
    assert forks.ended(run_id) == dg.DagsterRunStatus.SUCCESS
    until(process.is_gone, "the process ends with its run")
    until(lambda: not psutil.Process(forks.pid).children(), "no zombie is left")


def test_fifty_runs_at_once_are_fifty_processes(forks: Forks) -> None:
    """None is lost, none runs twice, and no two draw the same numbers."""
    created = [forks.create() for _ in range(50)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda run_id: ask_for_process(forks.path, forks.request(run_id), answer_seconds=120), created))
    assert {forks.ended(run_id) for run_id in created} == {dg.DagsterRunStatus.SUCCESS}
    told = [forks.facts(run_id) for run_id in created]
    for fact in ("pid", "random", "uuid"):
        assert len({each[fact] for each in told}) == 50
    assert forks.log.count(": process ") == 50


def test_a_killed_run_fails_and_says_how(forks: Forks) -> None:
    """The program that forked it sees it die, and has a process tell Dagster."""
    run_id = forks.launch(wait=True)
    os.kill(forks.facts(run_id)["pid"], signal.SIGKILL)
    assert forks.ended(run_id) == dg.DagsterRunStatus.FAILURE
    assert "the process of the run was terminated by signal 9 (SIGKILL)" in forks.events(run_id)


def test_a_terminated_run_is_interrupted_once(forks: Forks) -> None:
    """A second request does not interrupt the cleanup after the first."""
    run_id = forks.launch(wait=True, cleanup=True)
    forks.facts(run_id)
    assert forks.instance.run_launcher.terminate(run_id)
    until(lambda: forks.says(run_id, "cleaning"), "the step cleans up")
    assert forks.instance.run_launcher.terminate(run_id)
    forks.let("clean")
    assert forks.ended(run_id) == dg.DagsterRunStatus.CANCELED
    assert forks.says(run_id, "cleaned")
    assert not forks.instance.run_launcher.terminate(run_id)


def test_a_run_outlives_the_program_that_forked_it(forks: Forks) -> None:
    """A killed program takes no run with it, its successor forks the next, and both can be canceled."""
    first = forks.launch(wait=True)
    forks.facts(first)
    forks.end(signal.SIGKILL)
    forks.start()
    second = forks.launch(wait=True)
    forks.facts(second)
    assert {process.pid for process in runs_of(forks.path)} == {forks.facts(each)["pid"] for each in (first, second)}
    assert forks.instance.run_launcher.terminate(first)
    assert forks.ended(first) == dg.DagsterRunStatus.CANCELED
    forks.let("go")
    assert forks.ended(second) == dg.DagsterRunStatus.SUCCESS


def test_the_end_of_the_program_ends_its_runs_and_those_of_its_predecessor(forks: Forks) -> None:
    """`ops down` leaves none: each is interrupted, and has time to clean up."""
    first = forks.launch(wait=True)
    forks.facts(first)
    forks.end(signal.SIGKILL)
    forks.start()
    second = forks.launch(wait=True)
    processes = [Process.of(forks.facts(run_id)["pid"]) for run_id in (first, second)]
    assert forks.end(signal.SIGTERM) == 0
    assert all(process.is_gone() for process in processes)
    assert {forks.ended(first), forks.ended(second)} == {dg.DagsterRunStatus.FAILURE}
    assert any("interrupt" in event for event in forks.events(second))
    assert not forks.path.exists()


def test_changed_code_replaces_the_program_and_leaves_its_runs(forks: Forks) -> None:
    """The request that finds it is refused; the next run has the new code, the one at work its own."""
    forks.end(signal.SIGTERM)
    forks.module = "forked_definitions"
    copy = forks.home / "forked_definitions.py"
    shutil.copy(ROOT / "tests" / "dagster" / "forks.py", copy)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(forks.home))
        forks.start()
        before, pid = forks.create(wait=True), forks.pid
        worker = ask_for_process(forks.path, forks.request(before))
        assert forks.facts(before)["edition"] == "first"
        copy.write_text(copy.read_text().replace('EDITION = "first"', 'EDITION = "second"'))
        after = forks.create()
        with pytest.raises(Refused, match=r"forked_definitions\.py has changed since it was imported"):
            ask_for_process(forks.path, forks.request(after))
        ask_for_process(forks.path, forks.request(after), answer_seconds=120)
        assert forks.facts(after)["edition"] == "second"
        assert (forks.pid, forks.process_has_ended) == (pid, False)
        assert "1 runs at work" in forks.log
        os.kill(worker, signal.SIGKILL)
        assert forks.ended(before) == dg.DagsterRunStatus.FAILURE
        assert forks.ended(after) == dg.DagsterRunStatus.SUCCESS


def test_a_request_that_nobody_waits_for_starts_no_process(forks: Forks) -> None:
    """Who gives up has the run started otherwise: two processes would work on it."""
    late = forks.create()
    os.kill(forks.pid, signal.SIGSTOP)
    try:
        with pytest.raises(Refused, match="does not answer"):
            ask_for_process(forks.path, forks.request(late), answer_seconds=0.2)
    finally:
        os.kill(forks.pid, signal.SIGCONT)
    served = forks.launch()
    assert forks.ended(served) == dg.DagsterRunStatus.SUCCESS
    assert not forks.says(late, "json")
    assert forks.run(late).status == dg.DagsterRunStatus.NOT_STARTED


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{}\n", "the request cannot be read"),
        (b"\xff\n", "the request cannot be read"),
        (ForkRequest(run_id="x", module=HERE, attribute="nothing").line(), "other definitions than those imported"),
    ],
)
def test_other_requests_are_refused(forks: Forks, line: bytes, reason: str) -> None:
    """With a reason, and the program goes on."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(forks.path))
        connection.sendall(line)
        assert reason in connection.recv(4096).decode()
    assert forks.ended(forks.launch()) == dg.DagsterRunStatus.SUCCESS


def test_only_its_own_account_reaches_the_program(forks: Forks) -> None:
    """The folder is closed, and so is the socket."""
    assert forks.path.parent.stat().st_mode & 0o777 == 0o700
    assert forks.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.root
def test_another_account_is_refused_where_it_gets_through(forks: Forks) -> None:
    """The kernel says who asks."""
    for opened in (forks.path, forks.path.parent, forks.path.parent.parent):
        opened.chmod(0o777)
    ask = "import socket, sys; c = socket.socket(socket.AF_UNIX); c.connect(sys.argv[1])"
    argv = [
        "-c",
        f"{ask}; c.sendall(sys.argv[2].encode()); print(c.recv(4096))",
        str(forks.path),
        forks.request("x").line().decode(),
    ]
    done = subprocess.run(["/usr/bin/python3", *argv], user="nobody", capture_output=True, text=True, check=False)
    assert "another account" in done.stdout, done.stderr


def test_nobody_there_is_a_refusal(tmp_path: Path) -> None:
    """The launcher then starts the run otherwise."""
    with pytest.raises(Refused, match="does not answer"):
        ask_for_process(tmp_path / "none.sock", ForkRequest(run_id="x", module="m", attribute="a"))


def test_a_program_without_jobs_does_not_serve(forks: Forks) -> None:
    """An import that comes to nothing is not found out by the first run."""
    forks.end(signal.SIGTERM)
    forks.start(attribute="nothing")
    assert forks.process is not None
    assert forks.process.wait(timeout=60) == 1
    assert f"cannot fork: {HERE} defines no job" in forks.log


OBSTACLES = {
    "2 threads: MainThread, other": "Thread(target=Event().wait, name='other', daemon=True).start()",
    "sockets that are not ours": "s = socket.socket()",
    "gRPC objects: Channel": "import grpc; c = grpc.insecure_channel('localhost:1')",
}


@pytest.mark.parametrize("word", OBSTACLES)
def test_what_makes_a_fork_unsafe_is_found(word: str) -> None:
    """A thread's locks, a connection's state and gRPC's objects do not survive a fork."""
    found = _obstacles_after(OBSTACLES[word])
    assert word in found


def test_a_bare_process_may_fork() -> None:
    """The proof accepts what it should."""
    assert _obstacles_after("pass") == "[]\n"


def _obstacles_after(statement: str) -> str:
    code = f"import socket; from threading import Event, Thread; {statement}\n"
    code += "from odooops_dagster.engine.fork_proof import obstacles; print(obstacles())"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def inodes_of(pid: int) -> set[str]:
    """Return the sockets and pipes that the process has open."""
    links = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.add(str(descriptor.readlink()))
        except FileNotFoundError:
            continue
    return {link for link in links if link.startswith(("socket:", "pipe:"))}
