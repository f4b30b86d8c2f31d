"""Mails, by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal

from odooops_dagster.errors import Undelivered
from odooops_dagster.tools.outgoing import SECONDS

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """The server that takes mails; `address` is host or host:port."""

    address: str
    security: Literal["starttls", "tls", "none"]
    user: str
    password: str = field(repr=False)
    sender: str


def send_mail(server: SmtpServer, recipient: str, *, subject: str, text: str, message_id: str) -> None:
    """Hand the mail to the server.

    Args:
        server: who takes it.
        recipient: one address.
        subject: one line.
        text: the body, plain text.
        message_id: what makes a repeat the same mail; letters, digits and dots.

    Raises:
        Undelivered: the server does not take it; finally where it knows no such recipient.
    """
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = server.sender, recipient, subject
    mail["Date"], mail["Message-ID"] = formatdate(), f"<{message_id}@{server.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # no absence note answers it: RFC 3834
    mail.set_content(text)
    try:
        with _connected(server) as smtp:
            smtp.send_message(mail)
    except smtplib.SMTPRecipientsRefused as exc:
        code, said = exc.recipients[recipient]
        is_final = 500 <= code < 600
        raise Undelivered(f"{server.address} refuses {recipient}: {code} {_text(said)}", is_final=is_final) from exc
    except smtplib.SMTPAuthenticationError as exc:
        raise Undelivered(f"{server.address} refuses the log-in of ODOOOPS_SMTP_USER: {exc.smtp_code}") from exc
    except smtplib.SMTPResponseException as exc:
        raise Undelivered(f"{server.address} answers {exc.smtp_code}: {_text(exc.smtp_error)}") from exc
    except (OSError, smtplib.SMTPException) as exc:
        raise Undelivered(f"{server.address} cannot be reached: {exc or type(exc).__name__}") from exc


def _connected(server: SmtpServer) -> smtplib.SMTP:
    """Return a connection that is as safe as asked for, and logged in."""
    host, _, port = server.address.partition(":")
    number, trusted = int(port or _PORTS[server.security]), ssl.create_default_context()
    if server.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, number, timeout=SECONDS, context=trusted)
    else:
        smtp = smtplib.SMTP(host, number, timeout=SECONDS)
    try:
        if server.security == "starttls":
            smtp.starttls(context=trusted)
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200]
