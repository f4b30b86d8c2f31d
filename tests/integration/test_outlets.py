"""What an environment's Odoo tries to reach, and its mails: from its launcher through the catcher to the command."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput
from odooops_dagster.home import caught_folder, outlet
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep import outlets
from odooops_dagster.steps.upkeep.outlets import collect_caught, subject_of
from tests.command_line import CommandLine
from tests.outlets import Catching, catching, run_at, start_at, wait_until
from tests.sql.everything import Everything, furnish
from tests.sql.world import World

REACH = """
import http.client, smtplib, socket, urllib.request
import requests

def attempt(call):
    try:
        call()
    except OSError:
        pass

for _ in range(3):
    attempt(lambda: requests.get("https://shop.invalid/", timeout=1))
attempt(lambda: urllib.request.urlopen("http://127.0.0.1:9/", timeout=1))
attempt(lambda: socket.create_connection(("127.0.0.1", 9), 1))
attempt(lambda: socket.create_connection(("localhost", 9), 1))
attempt(lambda: socket.getaddrinfo("name.invalid", None))
attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)))
ours = socket.socket(socket.AF_UNIX)
attempt(lambda: ours.connect("/nowhere"))
"""
BURST = """
import os, socket, sys, time

def attempt(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1)
    except OSError:
        pass

for port in range(1, 41):
    attempt(port)
try:
    socket.getaddrinfo(b"a" * 300_000, 80)
except (OSError, UnicodeError):
    pass
attempt(41)
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
print("told", flush=True)
sys.stdin.read()
"""
MAIL = """
import smtplib
from email.message import EmailMessage

mail = EmailMessage()
mail["Subject"], mail["From"], mail["To"] = "Grüße {0}", "shop@example.com", "ada@example.com"
mail.set_content("It is on its way.")
mail.add_alternative("<p>It is <b>on its way</b>.</p>", subtype="html")
mail.add_attachment(b"42 euro", maintype="application", subtype="pdf", filename="invoice.pdf")
with smtplib.{1} as session:
    session.login("shop", "hush")
    session.send_message(mail)
"""


@pytest.fixture(scope="module")
def caught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catching]:
    """Yield a catcher for the tests of this file."""
    with catching(tmp_path_factory.mktemp("catcher")) as made:
        yield made


@pytest.fixture
def shop(world: World, caught: Catching, operator_url: str, monkeypatch: pytest.MonkeyPatch) -> Everything:
    """Return a project with a preview, `feature/a`, and a production, `main`."""
    monkeypatch.setenv("ODOOOPS_HOME", str(caught.home))
    monkeypatch.setenv("ODOOOPS_OPERATOR_DATABASE_URL", operator_url)
    return furnish(world, "shop")


def settings(caught: Catching) -> Settings:
    """Return the settings of the state folder."""
    return Settings(home=caught.home)


def told(paths: list[Path]) -> dict[tuple[Any, ...], int]:
    """Return how often each thing was tried, by what tells it apart."""
    found: dict[tuple[Any, ...], int] = {}
    for path in paths:
        for row in json.loads(path.read_text())["attempts"]:
            key = (row["protocol"], row["destination"], row["port"], row["address"])
            found[key] = found.get(key, 0) + row["attempts"]
    return found


def test_each_attempt_is_told_once_with_what_was_to_be_spoken(caught: Catching) -> None:
    """Python raises up to three events for one connection; a Unix socket is nobody else's."""
    environment = uuid4()
    caught.run(environment, REACH)
    wait_until(lambda: sum(told(caught.left(environment, "attempts")).values()) >= 8, what="all attempts")
    assert told(caught.left(environment, "attempts")) == {
        ("http", "shop.invalid", 443, None): 3,
        ("http", "127.0.0.1", 9, "127.0.0.1"): 1,
        ("tcp", "127.0.0.1", 9, "127.0.0.1"): 1,
        ("tcp", "localhost", 9, "127.0.0.1"): 1,
        ("dns", "name.invalid", None, None): 1,
        ("udp", "127.0.0.1", 9, "127.0.0.1"): 1,
    }


def test_a_program_goes_on_where_nobody_hears_it(tmp_path: Path) -> None:
    """The catcher may be down; the outlet is there, or the Odoo would not have started."""
    assert run_at(tmp_path, f"{REACH}\nprint('done')") == "done\n"


def test_attempts_that_nobody_hears_yet_are_told_later_and_once(tmp_path: Path) -> None:
    """The kernel keeps ten unread datagrams, and none while the catcher starts anew; a child repeats nothing.

    A name that is too long for a datagram is told in part, and holds up no other one.
    """
    program = start_at(tmp_path, BURST)
    assert program.stdout is not None
    assert program.stdout.readline() == "told\n"
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(tmp_path / "attempts"))
    heard.settimeout(20)
    ports = [json.loads(heard.recv(4096))["port"] for _ in range(42)]
    assert ports == [*range(1, 41), 80, 41]
    program.communicate("")
    heard.settimeout(0.2)
    with pytest.raises(TimeoutError):
        heard.recv(4096)
    assert program.returncode == 0


@pytest.mark.parametrize("session", ["SMTP('mail.example.com', 25)", "SMTP_SSL('mail.example.com', 465)"])
def test_a_mail_is_caught_whichever_server_it_is_for(
    caught: Catching, control: ControlPlane, shop: Everything, session: str
) -> None:
    """With TLS and a login too; the command reads its text, its HTML and its attachment."""
    ops = CommandLine("env")
    caught.run(shop.environment, MAIL.format(session[:8], session))
    caught.left(shop.environment, "mail")
    caught.left(shop.environment, "attempts")
    collect_caught(control, settings(caught))
    [mail] = ops.json("env", "mail", "shop", "feature/a")[:1]
    assert (mail["sender"], mail["recipients"]) == ("shop@example.com", ["ada@example.com"])
    assert mail["subject"] == f"Grüße {session[:8]}"
    one = ("env", "mail", "shop", "feature/a", mail["id"][:8])
    shown = ops.json(*one)
    assert (shown["text"].strip(), shown["attachments"]) == ("It is on its way.", ["invoice.pdf"])
    assert "<b>on its way</b>" in ops(*one, "--html").stdout
    assert ops(*one, "--attachment", "invoice.pdf").stdout_bytes == b"42 euro"
    assert "It is on its way." in ops(*one).stdout
    assert b"hush" not in ops(*one, "--raw").stdout_bytes
    told = {(row["outcome"], row["destination"]) for row in ops.json("env", "egress", "shop", "feature/a")}
    assert ("caught", "mail.example.com") in told


def test_what_is_collected_again_is_on_the_record_once(
    caught: Catching, control: ControlPlane, world: World, *, shop: Everything, tmp_path: Path
) -> None:
    """As after a kill between a row and the removal of its file."""
    caught.run(shop.environment, REACH + MAIL.format("again", "SMTP('mail.example.com', 25)"))
    caught.left(shop.environment, "mail")
    spool = caught_folder(caught.home) / shop.environment.hex
    wait_until(lambda: len(told(caught.left(shop.environment, "attempts"))) >= 7, what="all attempts")
    kept = shutil.copytree(spool, tmp_path / "kept")

    def record() -> list[dict[str, Any]]:
        return world.rows(
            "select 'mail' as what, count(*) as n from ops.mails where environment_id = %s union all"
            " select 'tries', sum(attempts) from ops.egress_attempts where environment_id = %s",
            shop.environment, shop.environment,
        )  # fmt: skip

    collect_caught(control, settings(caught))
    before = record()
    for file in kept.iterdir():
        shutil.copy(file, spool)
    collect_caught(control, settings(caught))
    assert record() == before
    assert not list(spool.glob("*.mail"))


def test_production_reaches_out_and_its_mails_are_its_own(
    caught: Catching, control: ControlPlane, world: World, shop: Everything
) -> None:
    """What it tries is open, as it has the network; a mail in its spool is kept by nobody."""
    caught.run(shop.production, REACH + MAIL.format("own", "SMTP('mail.example.com', 25)"))
    caught.left(shop.production, "mail")
    caught.left(shop.production, "attempts")
    collect_caught(control, settings(caught))
    outcomes = "select distinct outcome from ops.egress_attempts where environment_id = %s and minute > '2026-02-01'"
    assert [row["outcome"] for row in world.rows(outcomes, shop.production)] == ["open"]
    mine = "select count(*) from ops.mails where environment_id = %s and subject like 'Gr%%'"
    assert world.value(mine, shop.production) == 0
    assert not list((caught_folder(caught.home) / shop.production.hex).glob("*.mail"))


def test_what_is_left_of_an_environment_that_is_gone_is_removed(
    caught: Catching, control: ControlPlane, shop: Everything
) -> None:
    """Its outlet and what nobody collected in time."""
    del shop
    gone = uuid4()
    caught.run(gone, REACH)
    caught.left(gone, "attempts")
    collect_caught(control, settings(caught))
    assert not (caught_folder(caught.home) / gone.hex).exists()
    assert not outlet(caught.home, gone).exists()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b'Content-Type: text/plain; charset="x-none"\r\n\r\nhi', "hi"),
        (b'Content-Type: text/plain; charset="undefined"\r\n\r\nhi', "hi"),
        (b'Content-Type: text/plain; charset="a\0b"\r\n\r\nhi', "hi"),
        (b'Content-Type: text/plain; charset="utf-7"\r\n\r\n+2AA-hi', "?hi"),
        (b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(2000)), None),
    ],
)
def test_any_mail_is_read_or_refused_with_a_sentence(
    control: ControlPlane, shop: Everything, written: bytes, said: str | None
) -> None:
    """And printed as it was sent, whatever it is."""
    ops = CommandLine("env")
    control.egress.record_mail(
        shop.environment, content=written, sender="a", recipients=["b"], subject="", received_at=datetime.now(UTC)
    )
    [mail] = ops.json("env", "mail", "shop", "feature/a")[:1]
    one = ("env", "mail", "shop", "feature/a", mail["id"][:8])
    assert ops(*one, "--raw").stdout_bytes == written
    if said is not None:
        assert ops.json(*one)["text"] == said
        assert said in ops(*one).stdout
    else:
        with pytest.raises(BadInput, match="too deep"):
            ops(*one)


def test_an_environment_that_tells_much_keeps_no_other_one_waiting(
    caught: Catching, control: ControlPlane, shop: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a look has no time for, it has of each."""
    told = json.dumps({"sender": "a", "recipients": [], "received_at": "2026-03-01T12:00:00Z"})
    spools = [caught_folder(caught.home) / each.hex for each in (shop.environment, shop.production)]
    for spool in spools:
        spool.mkdir(parents=True, exist_ok=True)
        for number in range(9):
            (spool / f"{number}.mail").write_text(f"{told}\n{spool} {number}")
    clock = count(step=0.3)
    monkeypatch.setattr(outlets, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    collect_caught(control, settings(caught))
    left = [len(list(spool.glob("[0-9].mail"))) for spool in spools]
    assert [number < 9 for number in left] == [True, True], left
    for spool in spools:
        shutil.rmtree(spool)


def test_a_taken_over_catcher_shows_nobody_a_file_of_the_platform(
    caught: Catching, control: ControlPlane, world: World, *, shop: Everything, tmp_path: Path
) -> None:
    """It is in a sandbox and may leave links, pipes and nonsense: none is followed, and none holds housekeeping up."""
    secret = tmp_path / "secret.mail"
    secret.write_text(json.dumps({"sender": "a", "recipients": [], "received_at": "2026-03-01T12:00:00Z"}) + "\nhush")
    spool = caught_folder(caught.home) / shop.environment.hex
    spool.mkdir(parents=True, exist_ok=True)
    (spool / "1.mail").symlink_to(secret)
    (spool / "2.mail").hardlink_to(secret)
    os.mkfifo(spool / "3.mail")
    (spool / "4.mail").mkdir()
    (spool / "5.mail").write_text("[1]\n")
    (spool / "6.attempts").write_text("{}")
    (caught_folder(caught.home) / "no environment").mkdir()
    (caught_folder(caught.home) / ("0" * 32)).symlink_to(tmp_path)
    collect_caught(control, settings(caught))
    assert world.value("select count(*) from ops.mails where content = 'hush'") == 0
    assert not [path for path in spool.iterdir() if path.name[0] in "123456"]
    assert secret.exists()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx", "Grüße"),
        (b"Subject: two\r\n lines\r\n\r\nx", "two lines"),
        (b"no header at all", ""),
        (b"Subject: =?x-none?b?/w==?=\r\nFrom: <<<\r\n\r\n", None),
        (b"", ""),
    ],
)
def test_any_mail_has_a_subject_that_can_be_shown(written: bytes, read: str | None) -> None:
    """A sender writes what it likes."""
    subject = subject_of(written)
    assert subject.isprintable()
    assert read is None or subject == read
