"""People are told by real mails and signed requests: once, together, and with who must act."""

from __future__ import annotations

import email
import json
import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks import Webhook

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.notification_targets import Target, write_target
from odooops_dagster.model.messages import Channel
from odooops_dagster.settings import Settings
from odooops_dagster.tools.notify.webhook import new_signing_secret
from tests.dagster.outboxes import tick
from tests.web_servers import QuietServer

pytestmark = pytest.mark.usefixtures("_sends_of_its_own")


class Mailbox:
    """A server of mails; `answers` come before its usual one."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.strangers = {"nobody@example.com"}

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient that is known."""
        if address in self.strangers:
            return "550 5.1.1 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail."""
        if self.answers:
            return self.answers.pop(0)
        parsed = email.message_from_bytes(envelope.content or b"", policy=default)  # type: ignore[arg-type]
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    """Yield a server of mails and its port."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture
def settings(tmp_path: Path, mailbox: tuple[Mailbox, int]) -> Settings:
    """The settings of a platform that sends mails through the mailbox."""
    return Settings(
        home=tmp_path,
        smtp_server=f"127.0.0.1:{mailbox[1]}",
        smtp_security="none",
        mail_from="odooops@example.com",
        digest_minutes=10,
    )


@pytest.fixture
def shop(control: ControlPlane) -> UUID:
    """A project whose alarms and backups are told to Anna."""
    project = control.projects.create("shop", repo_url="https://github.com/acme/shop", odoo_version="19.0")
    control.messages.create_rule(
        ["alarm", "backup"], channel="mail", recipient="anna@example.com", slug="shop", created_by="tester"
    )
    return project.id


def test_a_stale_backup_reaches_a_person(
    control: ControlPlane, shop: UUID, mailbox: tuple[Mailbox, int], settings: Settings
) -> None:
    """Once, however often the watch looks, with the next action and who acts; what comes soon after waits."""
    for _ in range(3):
        raise_alarm(control, shop, "backup_freshness:1", "Backups of shop/main are stale")
    assert "1 arrived" in tick(control, settings)
    raise_alarm(control, shop, "disk", "The disk is full")
    raise_alarm(control, shop, "cpu", "The machine is\r\nBcc: eve@example.com busy")
    assert tick(control, settings) == "nothing is to be told"
    (mail,) = mailbox[0].mails
    assert mail["To"] == "anna@example.com"
    assert mail["Subject"] == "[OdooOps] Backups of shop/main are stale"
    assert "Next: ops doctor" in mail.get_content()
    assert "Now acts: who operates the platform." in mail.get_content()
    assert "1 arrived" in tick(control, settings.model_copy(update={"digest_minutes": 0}))
    (_, digest) = mailbox[0].mails
    assert digest["Subject"] == "[OdooOps] The disk is full (and 1 more)"
    assert digest["Bcc"] is None
    assert "The machine is Bcc: eve@example.com busy" in digest.get_content()
    assert {message.status for message in control.messages.list()} == {"delivered"}


def test_a_mail_that_is_not_taken_is_sent_later(
    control: ControlPlane, shop: UUID, mailbox: tuple[Mailbox, int], settings: Settings
) -> None:
    """A full mailbox is tried again, the same mail; a person who does not exist is given up."""
    control.messages.create_rule(["alarm"], channel="mail", recipient="nobody@example.com", created_by="tester")
    mailbox[0].answers.append("452 4.2.2 mailbox full")
    raise_alarm(control, shop, "disk", "The disk is full")
    assert "2 failed" in tick(control, settings)
    found = {message.recipient: message for message in control.messages.list() if message.kind == "alarm"}
    assert found["anna@example.com"].status == "waiting"
    assert "452" in str(found["anna@example.com"].last_error)
    assert found["nobody@example.com"].status == "dead"
    assert "no such person" in str(found["nobody@example.com"].last_error)
    assert any("nobody@example.com" in alarm.title for alarm in control.incidents.list(status="open"))
    control.messages.retry(channel="mail")
    tick(control, settings)
    assert "The disk is full" in mailbox[0].mails[0]["Subject"]


def test_without_a_server_the_message_says_what_to_set(control: ControlPlane, shop: UUID, tmp_path: Path) -> None:
    """And waits."""
    raise_alarm(control, shop, "disk", "The disk is full")
    assert "1 failed" in tick(control, Settings(home=tmp_path))
    (message,) = control.messages.list(status="waiting")
    assert "ODOOOPS_SMTP_SERVER" in str(message.last_error)


def test_a_webhook_is_signed_as_its_receivers_check_it(control: ControlPlane, shop: UUID, settings: Settings) -> None:
    """By the library that receivers use; a repeat has the same id, and no address stands in a row."""
    secret, taken = new_signing_secret(), []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            event = Webhook(secret).verify(body, dict(self.headers.items()))
            taken.append((self.headers["webhook-id"], event))
            self.send_response(503 if len(taken) == 1 else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = QuietServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/hooks/very-secret"
    write_target(settings.home, "webhook", "on-call", Target(url=url, secret=secret))
    control.messages.create_rule(["alarm"], channel="webhook", recipient="on-call", created_by="tester")
    raise_alarm(control, shop, "disk", "The disk is full")
    tick(control, settings)
    control.messages.retry(channel="webhook")
    tick(control, settings)
    server.shutdown()
    server.server_close()
    assert len({message_id for message_id, _ in taken}) == 1
    event: dict[str, Any] = taken[1][1]
    assert (event["type"], event["data"]["title"]) == ("alarm.open", "The disk is full")
    (message,) = [each for each in control.messages.list() if each.channel == "webhook"]
    assert message.status == "delivered"
    assert "very-secret" not in json.dumps([message.payload, message.recipient, message.last_error])


def test_a_target_that_is_gone_says_how_it_comes_back(control: ControlPlane, settings: Settings) -> None:
    """The same of apprise."""
    control.messages.queue_test(channel="webhook", recipient="gone")
    control.messages.queue_test(channel="apprise", recipient="gone")
    assert "2 failed" in tick(control, settings)
    assert all("ops notify target add" in str(each.last_error) for each in control.messages.list())


@pytest.mark.parametrize("channel", ["webhook", "apprise"])
def test_a_projects_rule_reaches_no_target_of_others(
    control: ControlPlane, database: str, shop: UUID, settings: Settings, channel: Channel
) -> None:
    """The file says whose it is: neither the platform's nor another project's is told, and nothing is tried again."""
    nowhere = "https://127.0.0.1:9/very-secret" if channel == "webhook" else "json://127.0.0.1:9/very-secret"
    secret = new_signing_secret()
    owners = {"platforms": None, "others": uuid4(), "own": shop, "all": None}
    for name, owner in owners.items():
        target = Target(url=nowhere, secret=secret, project_id=owner, is_shared=name == "all")
        write_target(settings.home, channel, name, target)
        control.messages.create_rule(["alarm"], channel=channel, recipient=name, slug="shop")
    with psycopg.connect(database) as owner_of_rows:
        owner_of_rows.execute("update ops.notification_rules set is_by_platform = false")
    raise_alarm(control, shop, "disk", "The disk is full")
    tick(control, settings)
    found = {each.recipient: each for each in control.messages.list() if each.channel == channel}
    assert {name: each.status for name, each in found.items()} == {
        "platforms": "dead", "others": "dead", "own": "waiting", "all": "waiting",
    }  # fmt: skip
    assert "is not the project's" in str(found["others"].last_error)


def raise_alarm(control: ControlPlane, project: UUID, key: str, title: str) -> None:
    """Open an alarm of the project."""
    control.incidents.raise_alarm(key, title=title, description="Next: ops doctor.", project_id=project)
