"""The launcher, between whoever asks for a program and the program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.tools.runtime.job import launch_argv
from tests.suites.processes import FAMILY, PYTHON, alive, eventually, family

# Ends in its own time when asked to.
POLITE = """
import os, signal, time
def end(number, frame):
    os.write(1, f"ends on {number}\\n".encode())
    os._exit(7)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
print("ready", flush=True)
time.sleep(600)
"""

# Does not end when asked to.
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True: time.sleep(1)
"""


class Launched:
    """Launchers of a test, ended with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def __call__(self, *argv: str, parent: str | None = None, **more: object) -> subprocess.Popen[str]:
        """Launch the program by a definition in a file."""
        path = self._folder / f"{len(self._started)}.json"
        told = {"mark": str(path), "argv": argv, "cwd": str(self._folder), "env": {}, "memory_mb": 0}
        path.write_text(json.dumps(told | more))
        launcher = subprocess.Popen(
            launch_argv(str(path), parent=parent or str(os.getpid())),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._started.append(launcher)
        return launcher

    def close(self) -> None:
        """End what still runs."""
        for launcher in self._started:
            launcher.send_signal(signal.SIGHUP)
            launcher.communicate(timeout=20)


@pytest.fixture
def launched(tmp_path: Path) -> Iterator[Launched]:
    """A way to launch."""
    # A launcher inherits a signal that is ignored, until it listens; Dagster ignores what a shell's background ignores.
    previous = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    launched = Launched(tmp_path)
    yield launched
    launched.close()
    signal.signal(signal.SIGTERM, previous)


def first_line(launcher: subprocess.Popen[str]) -> str:
    """Return the first line that the program writes."""
    assert launcher.stdout is not None
    return launcher.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_end_reaches_the_program(launched: Launched, number: signal.Signals) -> None:
    """The program ends in its own time, and its status is ours."""
    launcher = launched(*PYTHON, POLITE)
    assert first_line(launcher) == "ready"
    launcher.send_signal(number)
    assert launcher.communicate(timeout=20)[0] == f"ends on {number.value}\n"
    assert launcher.returncode == 7


def test_a_request_to_end_is_not_lost_while_the_program_is_started(launched: Launched) -> None:
    """Between the fork and the program nobody listens yet, and still nobody waits for the time of grace."""
    started = time.monotonic()
    first = launched(*PYTHON, "print('ready')")
    assert first_line(first) == "ready"
    takes = time.monotonic() - started
    for step in range(20, 60):
        launcher = launched("sleep", "600", grace_seconds=60)
        time.sleep(takes * step / 60)
        launcher.terminate()
        launcher.communicate(timeout=20)
        assert launcher.returncode == -signal.SIGTERM


def test_a_program_that_does_not_end_is_killed_after_its_time_of_grace(launched: Launched) -> None:
    """Stopping a service always comes to an end."""
    launcher = launched(*PYTHON, STUBBORN, grace_seconds=0.5)
    assert first_line(launcher) == "ready"
    started = time.monotonic()
    launcher.terminate()
    launcher.communicate(timeout=20)
    assert launcher.returncode == -signal.SIGKILL
    assert time.monotonic() - started >= 0.5


def test_a_second_request_does_not_lengthen_the_grace(launched: Launched) -> None:
    """A caller that asks every tenth of a second still gets there."""
    launcher = launched(*PYTHON, STUBBORN, grace_seconds=0.5)
    assert first_line(launcher) == "ready"
    deadline = time.monotonic() + 20
    while launcher.poll() is None:
        assert time.monotonic() < deadline
        launcher.terminate()
        time.sleep(0.1)
    assert launcher.returncode == -signal.SIGKILL


def test_hangup_ends_the_whole_family_at_once(launched: Launched, tmp_path: Path) -> None:
    """This is what the kernel sends when whoever asked for the program dies."""
    launcher = launched(*PYTHON, FAMILY, str(tmp_path / "notes"))
    pids = family(tmp_path / "notes")
    launcher.send_signal(signal.SIGHUP)
    launcher.communicate(timeout=20)
    assert launcher.returncode == -signal.SIGKILL
    assert alive(pids) == []


def test_a_killed_launcher_takes_the_program_along_and_the_next_one_its_orphans(
    launched: Launched, tmp_path: Path
) -> None:
    """The kernel kills the program; the mark tells the next launcher what else there is."""
    launcher = launched(*PYTHON, FAMILY, str(tmp_path / "notes"))
    pids = family(tmp_path / "notes")
    launcher.kill()
    launcher.wait()
    eventually(lambda: len(alive(pids)) <= 2, what="the program is gone")
    again = launched("true", mark=str(tmp_path / "0.json"))
    again.communicate(timeout=20)
    assert again.returncode == 0
    eventually(lambda: not alive(pids), what="the orphans are gone")


def test_the_program_ignores_no_signal_that_the_caller_ignored(launched: Launched) -> None:
    """An ignored or blocked signal is inherited, and a preview that cannot be stopped is the result."""
    script = (
        "import signal\n"
        "print(signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGPIPE) == signal.SIG_DFL)\n"
        "print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    )
    previous = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        launcher = launched(*PYTHON, script)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        signal.signal(signal.SIGTERM, previous)
    assert launcher.communicate(timeout=20)[0].splitlines()[0].startswith("0")
    assert launcher.returncode == 0


def test_a_program_is_not_started_for_a_parent_that_is_gone(launched: Launched) -> None:
    """Between our birth and our word with the kernel the parent may have died."""
    launcher = launched("true", parent="1")
    assert "whoever asked for this program is gone" in launcher.communicate(timeout=20)[0]
    assert launcher.returncode == 127


def test_a_parent_may_be_named_by_a_word_of_its_command_line(launched: Launched) -> None:
    """A supervisor's process id is not known when its configuration is written."""
    word = Path(f"/proc/{os.getpid()}/cmdline").read_bytes().split(b"\0")[0].decode()
    launcher = launched("true", parent=word)
    launcher.communicate(timeout=20)
    assert launcher.returncode == 0


@pytest.mark.parametrize("definition", ["", "{", "null"])
def test_a_definition_that_cannot_be_read_is_told(tmp_path: Path, definition: str) -> None:
    """The caller's pipe may have broken."""
    path = tmp_path / "definition.json"
    path.write_text(definition)
    ended = subprocess.run(launch_argv(str(path), parent=str(os.getpid())), capture_output=True, text=True, check=False)
    assert ended.returncode == 127
    assert "cannot read the definition" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"argv": ["no-such-program"]}, "No such file or directory"),
        ({"argv": ["/etc/passwd"]}, "Permission denied"),
        ({"cwd": "/no/such/folder"}, "No such file or directory"),
        ({"argv": ["a\0b"]}, "null"),
        ({"memory_mb": "much"}, "invalid literal"),
    ],
)
def test_a_program_that_cannot_be_started_is_told_in_one_line(
    launched: Launched, wrong: dict[str, Any], reason: str
) -> None:
    """Whatever is wrong, one launcher ends, once."""
    argv = wrong.pop("argv", ["true"])
    launcher = launched(*argv, **wrong)
    output = launcher.communicate(timeout=20)[0]
    assert launcher.returncode == 127
    assert len(output.splitlines()) == 1
    assert reason in output
