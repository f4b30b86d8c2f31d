"""`ops env egress` and `ops env mail`: what an environment tried to reach, and the mails that nobody got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from odooops_dagster.doors.cli.arguments import Branch, ProjectSlug
from odooops_dagster.doors.cli.lookup import environment_of
from odooops_dagster.doors.cli.output import Json, Wide, print_bytes, print_fields, print_rows, say
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.errors import BadInput, NotFound

if TYPE_CHECKING:
    from email.message import EmailMessage

    from odooops_dagster.model.readings import CaughtMail, EgressAttempt

_ATTEMPTS = ("outcome", "protocol", "destination", "port", "module", "cron", "attempts", "out", "in", "last", "reason")
_MAILS = ("id", "received", "from", "to", "subject", "size")
MailId = Annotated[
    str | None, typer.Argument(metavar="ID", help="The mail's id, or how it begins.", show_default=False)
]


def egress(project: ProjectSlug, branch: Branch, *, json: Json = False, wide: Wide = False) -> None:
    """Show what an environment tried to reach, which module and scheduled action tried, and how that ended."""
    with control_plane() as control:
        environment = environment_of(control, project, branch)
        found = control.egress.attempts(environment.id)
    empty = f"{environment.partition_key} has tried to reach nothing, as far as is known; attempts show within a minute"
    rows = [asdict(each) if json else _attempt(each) for each in found]
    print_rows(rows, columns=_ATTEMPTS, json=json, wide=wide, empty=empty)


def mail(
    project: ProjectSlug,
    branch: Branch,
    mail_id: MailId = None,
    *,
    html: Annotated[bool, typer.Option("--html", help="Print the mail's HTML.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Print the mail as it was sent, an .eml file.")] = False,
    attachment: Annotated[
        str | None, typer.Option(metavar="NAME", help="Write the attachment with this name.", show_default=False)
    ] = None,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List the mails that an environment sent and nobody got, or read one of them."""
    from odooops_dagster.doors.mails import attachment_names, body_of, parsed_mail

    if (html or raw or attachment) and mail_id is None:
        raise BadInput("no mail is named", hint=f"ops env mail {project} {branch}")
    with control_plane() as control:
        environment = environment_of(control, project, branch)
        found = control.egress.mails(environment.id)
        if mail_id is None:
            rows = [asdict(each) if json else _mail(each) for each in found]
            empty = f"{environment.partition_key} has sent no mail, as far as is known; mails show within a minute"
            print_rows(rows, columns=_MAILS, json=json, wide=wide, empty=empty)
            return
        one = _named(found, mail_id, hint=f"ops env mail {project} {branch}")
        source = control.egress.source(one.id)
    if raw:
        print_bytes([source])
        return
    parsed = parsed_mail(source)
    if attachment is not None:
        print_bytes([_attachment(parsed, attachment)])
    elif html:
        say(body_of(parsed, "html") or "this mail has no HTML")
    else:
        text = body_of(parsed, "plain")
        shown = {"text": text, "html": body_of(parsed, "html"), "attachments": attachment_names(parsed)}
        print_fields(asdict(one) | shown if json else {**_mail(one), **_read(shown)}, json=json)
        if not json and text:
            say(f"\n{text.rstrip()}")


def _attempt(attempt: EgressAttempt) -> dict[str, object]:
    return {
        "outcome": attempt.outcome,
        "protocol": attempt.protocol,
        "destination": attempt.destination,
        "port": attempt.port,
        "module": attempt.module,
        "cron": attempt.cron,
        "attempts": attempt.attempts,
        "out": attempt.bytes_out,
        "in": attempt.bytes_in,
        "last": attempt.last_at,
        "reason": attempt.reason,
    }


def _mail(mail: CaughtMail) -> dict[str, object]:
    return {
        "id": str(mail.id)[:8],
        "received": mail.received_at,
        "from": mail.sender,
        "to": ", ".join(mail.recipients),
        "subject": mail.subject,
        "size": mail.size_bytes,
    }


def _read(shown: Mapping[str, object]) -> dict[str, object]:
    """Return what people see of a mail's parts: the text follows by itself."""
    return {"html": "yes: --html prints it" if shown["html"] else "none", "attachments": shown["attachments"]}


def _named(mails: Sequence[CaughtMail], begin: str, *, hint: str) -> CaughtMail:
    found = [each for each in mails if str(each.id).startswith(begin.lower())]
    if len(found) != 1:
        raise NotFound(f"{len(found)} mails have an id that begins with {begin}", hint=hint)
    return found[0]


def _attachment(mail: EmailMessage, name: str) -> bytes:
    from odooops_dagster.doors.mails import attachment_names

    for part in mail.iter_attachments():
        if part.get_filename() == name:
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else part.as_bytes()
    raise NotFound(f"the mail has no attachment {name}", hint=f"it has: {', '.join(attachment_names(mail)) or 'none'}")
