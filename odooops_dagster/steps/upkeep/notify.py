"""Notify people of what happened: one mail for what came together, one request for each event of a webhook."""

from __future__ import annotations

from collections.abc import Sequence

from odooops_dagster.errors import Undelivered
from odooops_dagster.local.notification_targets import read_target
from odooops_dagster.local.programs import ui_url
from odooops_dagster.model.messages import Message
from odooops_dagster.settings import Settings
from odooops_dagster.tools.notify.apprise import send_apprise
from odooops_dagster.tools.notify.mail import SmtpServer, send_mail
from odooops_dagster.tools.notify.text import Note, body_of, subject_of
from odooops_dagster.tools.notify.webhook import send_webhook


def mail_parcel(settings: Settings, parcel: Sequence[Message]) -> None:
    """Send one mail with all messages of a parcel, which are one person's."""
    if not settings.smtp_server or not settings.mail_from:
        raise Undelivered("no server takes mails: set ODOOOPS_SMTP_SERVER and ODOOOPS_MAIL_FROM, then ops up")
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
    server = SmtpServer(
        address=settings.smtp_server,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=password,
        sender=settings.mail_from,
    )
    notes = [note_of(message, settings) for message in parcel]
    send_mail(
        server,
        parcel[0].recipient,
        subject=subject_of(notes),
        text=body_of(notes),
        message_id=".".join(["odooops", *(str(message.id) for message in parcel[:10])]),
    )


def notify_target(settings: Settings, message: Message) -> None:
    """Send a message to the named target of a webhook or of apprise."""
    target = read_target(settings.home, message.channel, message.recipient)
    remedy = f"ops notify target add {message.channel} {message.recipient}"
    if target is None:
        raise Undelivered(f"nothing is known of {message.channel} {message.recipient}: {remedy}")
    if not (message.is_by_platform or target.serves(message.project_id)):
        raise Undelivered(
            f"the {message.channel} {message.recipient} is not the project's, and no rule of the platform asks for it:"
            f" {remedy} --project SLUG",
            is_final=True,
        )
    note = note_of(message, settings)
    if message.channel == "apprise":
        send_apprise(target.url, name=message.recipient, subject=subject_of([note]), text=body_of([note]))
        return
    send_webhook(
        target.url,
        secret=target.secret,
        name=message.recipient,
        message_id=f"msg_{message.id}",
        kind=f"{message.kind}.{message.state}",
        at=message.created_at,
        data={**message.payload, "url": note.url},
    )


def note_of(message: Message, settings: Settings) -> Note:
    """Return what a message tells people."""
    return Note.of(message.payload, page=run_url(settings, message.payload.get("dagster_run_id")))


def run_url(settings: Settings, dagster_run_id: str | None) -> str | None:
    """Return the address of a run's page, None for a run that never started."""
    if dagster_run_id is None:
        return None
    base = f"https://{settings.dagster_host}" if settings.dagster_host else ui_url(settings)
    return f"{base}/runs/{dagster_run_id}"
