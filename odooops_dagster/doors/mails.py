"""Mails that nobody got: what they say, to whoever reads them."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import cast

from odooops_dagster.errors import BadInput


def parsed_mail(source: bytes) -> EmailMessage:
    """Return the mail of an .eml file.

    Raises:
        BadInput: its parts are too deep in one another.
    """
    try:
        return BytesParser(EmailMessage, policy=default).parsebytes(source)
    except RecursionError:
        raise BadInput("the mail's parts are too deep in one another to be read", hint="print it: --raw") from None


def body_of(mail: EmailMessage, kind: str) -> str | None:
    """Return the text of the part; a sender may name a character set that is none, or has what is no text."""
    part = mail.get_body(preferencelist=(kind,))
    if part is None:
        return None
    try:
        content = part.get_content()
    except (LookupError, ValueError):
        content = str(cast("bytes", part.get_payload(decode=True)), "utf-8", "replace")
    return content.encode("utf-8", "replace").decode() if isinstance(content, str) else None


def attachment_names(mail: EmailMessage) -> list[str]:
    """Return the names of the mail's attachments."""
    return [each.get_filename() or "" for each in mail.iter_attachments()]
