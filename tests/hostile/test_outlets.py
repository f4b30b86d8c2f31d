"""An environment that tells too much, or lies, harms no other one, and fills neither the record nor the disk."""

from __future__ import annotations

import json
import os
import shutil
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from odooops_dagster.doors.catcher.attempts import OTHERS, Counter
from odooops_dagster.doors.catcher.mails import MOST_BYTES
from odooops_dagster.home import exit_folder, outlet
from odooops_dagster.local.front_sandboxes import front_sandbox
from odooops_dagster.settings import Settings
from odooops_dagster.tools import outlet_line
from odooops_dagster.tools.runtime.sandbox import bubblewrap
from tests.conftest import missing
from tests.outlets import Catching, catching, wait_until
from tests.servers import state_folder

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
FLOOD = """
import json, socket
flood = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
flood.setblocking(False)
for number in range(100_000):
    told = {"destination": f"{number}.example", "port": 1, "protocol": "tcp", "attempts": 10**9}
    try:
        flood.sendto(json.dumps(told).encode(), f"{sys.argv[1]}/attempts")
    except BlockingIOError:
        pass
"""


@pytest.fixture(scope="module")
def caught() -> Iterator[Catching]:
    """Yield a catcher for the tests of this file, in a folder whose sockets have short paths."""
    with state_folder("outlets") as home, catching(home) as made:
        yield made


def counted(*told: object) -> list[dict[str, Any]]:
    """Return what is counted of the datagrams."""
    counter = Counter()
    for one in told:
        counter.add(one if isinstance(one, bytes) else json.dumps(one).encode(), NOW)
    return next(iter(counter.changed(NOW).values()), [])


def test_things_beyond_the_limit_are_counted_together() -> None:
    """Forty are told apart in a minute; each counts as one, whatever number it says."""
    rows = counted(*({"destination": f"{number}.example", "attempts": 10**9} for number in range(1000)))
    assert len(rows) == 41
    assert [row["attempts"] for row in rows if row["destination"] == OTHERS] == [960]
    assert {row["attempts"] for row in rows if row["destination"] != OTHERS} == {1}


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\xff\xfe",
        b"[" * 4000,
        b"[1]",
        b'{"destination": ""}',
        b'{"port": 25}',
        b'{"destination": "a", "port": 70000}',
        b'{"destination": "a", "port": "25"}',
        b'{"destination": "a", "port": true}',
        b'{"destination": "a", "protocol": []}',
        b'{"destination": "a", "protocol": "tcp", "address": "no address"}',
        b'{"destination": "a", "protocol": "tcp", "address": 1}',
        json.dumps({"destination": "a" * 5000}).encode()[:4096],
    ],
)
def test_a_datagram_that_tells_nothing_is_dropped(datagram: bytes) -> None:
    """And the next one is read."""
    assert [row["destination"] for row in counted(datagram, {"destination": "b", "protocol": "tcp"})] == ["b"]


def test_what_is_kept_is_cut_and_can_be_shown() -> None:
    """No terminal obeys it, and no module's name is a sentence."""
    lie = {"destination": "a\x1b[2J" + "b" * 400, "protocol": "gopher", "module": "../x y", "cron": "c\n\x00d" * 99}
    [row] = counted(lie)
    assert len(row["destination"]) <= 255
    assert row["destination"].isprintable()
    assert row["cron"].isprintable()
    assert (row["protocol"], row["module"], len(row["cron"]) <= 200) == ("tcp", None, True)


def test_a_flood_keeps_no_other_environment_from_being_heard(caught: Catching) -> None:
    """Its own minute has its forty names; the other's mail and attempt arrive meanwhile."""
    loud, quiet = uuid4(), uuid4()
    caught.run(loud, FLOOD)
    caught.run(quiet, "import smtplib\nsmtplib.SMTP('a.example').sendmail('a@b.example', ['c@d.example'], 'hello')")
    assert caught.left(quiet, "mail")
    told = [json.loads(path.read_text())["attempts"] for path in caught.left(quiet, "attempts")]
    assert {row["destination"] for rows in told for row in rows} == {"a.example"}
    for path in caught.left(loud, "attempts"):
        assert len(json.loads(path.read_text())["attempts"]) <= 41


def test_mails_fill_no_disk(caught: Catching) -> None:
    """A large one is refused; of small ones no more wait than a hundred."""
    environment = uuid4()
    session = smtplib.SMTP()
    session.sock = connected(caught.outlet(environment) / "mail")
    session.getreply()
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        session.sendmail("a@b.example", ["c@d.example"], b"x" * (MOST_BYTES + 1))
    assert refused.value.smtp_code == 552
    for number in range(100):
        session.sendmail("a@b.example", ["c@d.example"], f"Subject: {number}\r\n\r\n")
    with pytest.raises(smtplib.SMTPDataError, match="no room now"):
        session.sendmail("a@b.example", ["c@d.example"], "Subject: one more\r\n\r\n")
    session.close()
    assert len(caught.left(environment, "mail")) == 100


REPLACE = """
import json, os, sys
done = []
for folder in sys.argv[2:]:
    for name, attack in {
        "moves": lambda: os.rename(folder, folder + "-"),
        "links": lambda: os.symlink(sys.argv[1], folder + "/link"),
        "removes": lambda: os.unlink(folder + "/mail"),
        "makes": lambda: os.mkdir(os.path.dirname(folder) + "/" + "f" * 32),
    }.items():
        try:
            attack()
            done.append(name)
        except OSError:
            pass
print(json.dumps(done))
"""


@pytest.mark.parametrize("program", ["catcher", "egress"])
def test_a_taken_over_program_has_no_folder_of_an_environment(program: str) -> None:
    """So it leaves no link that the next start of a sandbox would show the environment as its own."""
    if shutil.which("bwrap") is None:
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")
    with state_folder("outlets") as home:
        environment = uuid4()
        folders = [outlet(home, environment), exit_folder(home, environment)]
        for folder in folders:
            folder.mkdir(parents=True)
            (folder / "mail").touch()
        sandbox = front_sandbox(Settings(home=home), program, os.environ)
        assert sandbox is not None
        argv = [sys.executable, "-I", "-S", "-c", REPLACE, str(home / "secrets"), *map(str, folders)]
        command = bubblewrap.command(sandbox, argv, cwd=sandbox.home)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout) == []
        assert [sorted(path.name for path in folder.iterdir()) for folder in folders] == [["mail"], ["mail"]]


def test_a_catcher_that_starts_anew_hears_every_environment_again() -> None:
    """In the folder that the environment sees all the while; each tick of housekeeping has it told."""
    environment = uuid4()
    with state_folder("outlets") as home:
        for _ in range(2):
            with catching(home) as made:
                assert connected(made.outlet(environment) / "mail").recv(100).startswith(b"220")
        assert outlet_line.tell(home) is None  # it does not run


def test_many_connections_leave_room_for_another_environment(caught: Catching) -> None:
    """One that is beyond the limit is ended at once."""
    greedy, other = uuid4(), uuid4()
    held = [connected(caught.outlet(greedy) / "mail") for _ in range(8)]
    assert all(each.recv(100).startswith(b"220") for each in held)
    assert connected(caught.outlet(greedy) / "mail").recv(100) == b""
    assert connected(caught.outlet(other) / "mail").recv(100).startswith(b"220")
    for each in held:
        each.close()


def connected(place: Path) -> socket.socket:
    """Return a connection to the socket."""
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(30)
    # Its name is there a moment before somebody listens.
    wait_until(lambda: made.connect_ex(str(place)) == 0, what="who listens")
    return made
