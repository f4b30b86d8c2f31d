"""The program that `ops up` becomes: it is small, and knows how its supervisor ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from odooops_dagster.local.watch import Child
from tests.suites.processes import eventually


def test_it_imports_no_client_of_a_database_and_no_settings() -> None:
    """What it imports stays in memory as long as the platform runs."""
    program = "import sys, odooops_dagster.local.watch; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "odooops_dagster.local.watch" in imported
    assert not imported & {"psycopg", "pydantic", "typer", "asyncio", "odooops_dagster.settings"}


@pytest.mark.parametrize(
    ("body", "status"), [("exit(0)", 0), ("exit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)]
)
def test_the_end_of_a_child_is_known_though_another_program_started_it(body: str, status: int) -> None:
    """As subprocess knows it of its own: a signal's number is negative."""
    child = Child(os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", body]))  # noqa: S606 - a list, no shell
    eventually(lambda: child.poll() is not None, what="the child's end")
    assert child.returncode == child.poll() == status


def test_a_child_that_lives_has_no_end() -> None:
    """It is asked again and again."""
    child = Child(os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"]))  # noqa: S606 - as above
    assert child.poll() is None
    assert child.returncode is None
    os.kill(child.pid, signal.SIGKILL)
    eventually(lambda: child.poll() is not None, what="the child's end")
    assert child.returncode == -signal.SIGKILL


def test_a_signal_whose_exception_is_swallowed_ends_the_watch_nevertheless() -> None:
    """Python drops what a handler raises inside a `__del__`, and the handler lets no second signal in."""
    done = subprocess.run([sys.executable, "-c", _SWALLOWING], capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout == "stopped\n", done.stderr
    assert "Exception ignored in" in done.stderr


_SWALLOWING = """
import os, signal, subprocess, sys
from pathlib import Path
from odooops_dagster.local.watch import Stopped, Watch, stop_signals

class Dying:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGHUP)

class Supervisor:
    # It has ended, so that nobody waits for its end.
    pid = subprocess.Popen([sys.executable, "-c", ""]).pid
    returncode = None

    def poll(self):
        Dying()

watch = Watch(Path("/nonexistent"), Supervisor(), report=print)
with stop_signals():
    try:
        watch.run()
    except Stopped:
        print("stopped")
"""
