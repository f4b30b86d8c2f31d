"""The small tools of the local stack: secrets, ports, locks, tethers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from odooops_dagster.errors import Conflict, Unavailable
from odooops_dagster.home import secret_file
from odooops_dagster.local import lock, ports, server_process, tether
from odooops_dagster.local.secrets import read_or_create_secret, read_secret


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    """Who asks again gets the same."""
    first = read_or_create_secret(tmp_path, "webhook")
    assert len(first) >= 32
    assert read_or_create_secret(tmp_path, "webhook") == first == read_secret(tmp_path, "webhook")
    assert secret_file(tmp_path, "webhook").stat().st_mode & 0o777 == 0o600


def test_callers_that_race_for_a_secret_agree(tmp_path: Path) -> None:
    """Nobody keeps a value that another one replaced."""
    barrier = threading.Barrier(8)

    def ask() -> str:
        barrier.wait()
        return read_or_create_secret(tmp_path, "webhook")

    with ThreadPoolExecutor(8) as pool:
        answers = [future.result() for future in [pool.submit(ask) for _ in range(8)]]
    assert len(set(answers)) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["webhook"]


def test_a_secret_that_must_exist_names_the_remedy(tmp_path: Path) -> None:
    """The reader cannot invent it."""
    with pytest.raises(Unavailable) as caught:
        read_secret(tmp_path, "webhook")
    assert caught.value.hint == "ops up"


def test_a_free_port_can_be_taken() -> None:
    """The answer is good for the next one who binds."""
    with socket.create_server(("127.0.0.1", ports.free_port())) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_the_holder_of_a_port_is_named() -> None:
    """The person learns which program to stop."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert f"process {os.getpid()}" in ports.holder(server.getsockname()[1])


def test_one_stack_holds_a_state_folder(tmp_path: Path) -> None:
    """The second is refused, and learns whose the first is."""
    (tmp_path / "run").mkdir()
    assert lock.holder(tmp_path) is None
    with lock.hold(tmp_path):
        assert lock.holder(tmp_path) == os.getpid()
        with pytest.raises(Conflict, match="runs on this state folder already"), lock.hold(tmp_path):
            pass
    assert lock.holder(tmp_path) is None


def test_the_lock_outlives_its_taker_in_whom_it_was_handed_to(tmp_path: Path) -> None:
    """While the supervisor of a killed stack still stops programs, no other stack starts."""
    (tmp_path / "run").mkdir()
    with lock.hold(tmp_path) as descriptor:
        child = subprocess.Popen(["sleep", "60"], pass_fds=[descriptor])
    assert lock.holder(tmp_path) == os.getpid()
    child.kill()
    child.wait()
    assert lock.wait_released(tmp_path, timeout=60)


def test_a_tethered_program_dies_with_its_parent() -> None:
    """Also when the parent is killed and can say nothing."""
    argv = tether.command(["sleep", "60"], death_signal=signal.SIGTERM)
    script = f"import subprocess, time; print(subprocess.Popen({argv!r}).pid, flush=True); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    _wait_for(lambda: child.name() == "sleep")
    parent.kill()
    parent.communicate()
    assert psutil.wait_procs([child], timeout=30)[0] == [child]


def test_a_tethered_program_can_be_interrupted_whatever_its_parent_ignores() -> None:
    """Background jobs of a shell ignore Ctrl-C and hand that on."""
    argv = tether.command(["sleep", "60"], death_signal=signal.SIGTERM)
    child = subprocess.Popen(argv, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))  # noqa: PLW1509 -- the state under test
    _wait_for(lambda: psutil.Process(child.pid).name() == "sleep")
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=30) == -signal.SIGINT


@pytest.mark.root
def test_a_tether_drops_privileges_for_good() -> None:
    """User, group and supplementary groups are all the account's."""
    argv = tether.command(["id"], death_signal=signal.SIGTERM, user="nobody")
    words = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert "root" not in words
    assert words.startswith("uid=65534(nobody) gid=65534(nogroup)")


def test_a_server_that_ends_meanwhile_is_stopped() -> None:
    """Between the look for it and its stop, another signal may have ended it."""
    program = subprocess.Popen(["sleep", "60"])
    found = psutil.Process(program.pid)
    program.kill()
    program.wait()
    server_process.stop(found, timeout=5)
    assert not found.is_running()


def test_an_orphan_that_ends_by_itself_meanwhile_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Backends of a killed server notice it on their own, between the look for them and the signal."""
    program = subprocess.Popen(["sleep", "60"])

    def ends_once_found(process: psutil.Process, _: Path) -> bool:
        if process.pid != program.pid:
            return False
        program.kill()
        program.wait()
        return True

    monkeypatch.setattr(server_process, "works_on", ends_once_found)
    server_process.end_orphans(tmp_path)
    assert program.returncode == -signal.SIGKILL


_ASK = "import sys; from odooops_dagster.local.orphans import wait_gone; print(wait_gone(int(sys.argv[1]), timeout=5))"


@pytest.mark.parametrize(("seconds", "is_gone"), [("2", "True"), ("60", "False")])
def test_a_process_is_gone_when_it_ends_and_not_when_its_parent_notes_it(seconds: str, is_gone: str) -> None:
    """Its parent may be busy, or wait for the very command that asks."""
    child = subprocess.Popen(["sleep", seconds])
    try:
        argv = [sys.executable, "-c", _ASK, str(child.pid)]
        assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip() == is_gone
    finally:
        child.kill()
        child.wait()


def _wait_for(condition: Callable[[], bool], *, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
