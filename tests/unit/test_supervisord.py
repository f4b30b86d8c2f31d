"""A supervisor that does not answer holds nobody."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from supervisor import xmlrpc

from odooops_dagster.errors import Unavailable
from odooops_dagster.tools.runtime.supervisord import Faults, Supervisord


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the supervisor's socket lies, short enough for the kernel."""
    monkeypatch.chdir(tmp_path)
    return Path("supervisor.sock")


def supervisord(path: Path) -> Supervisord:
    """Return the supervisor, whose answers have little time."""
    return Supervisord(socket=path, name="the supervisor of the test", hint="ops up", call_seconds=0.3)


def test_refusals_have_the_codes_of_the_supervisor() -> None:
    """Its own class is not imported, because that takes long."""
    known = {name: code for name, code in vars(Faults).items() if name.isupper()}
    assert known == {name: getattr(xmlrpc.Faults, name) for name in known}


def test_a_supervisor_that_is_stopped_in_its_tracks_is_given_up(path: Path) -> None:
    """It took the connection, as a process does that was sent SIGSTOP, and says nothing."""
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen()
        started = time.monotonic()
        with pytest.raises(Unavailable, match="the supervisor of the test does not answer: timed out") as caught:
            supervisord(path).call("getAllProcessInfo")
    assert time.monotonic() - started < 20
    assert caught.value.hint == "ops up"


def test_a_supervisor_that_is_not_there_is_said_to_be_away(path: Path) -> None:
    """Nobody made the socket."""
    with pytest.raises(Unavailable, match="No such file"):
        supervisord(path).call("getState")
