"""Take the mails of one environment by SMTP, and leave them in a folder until they are collected."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from odooops_dagster.files import write_whole

# ops.record_mail takes no larger one.
MOST_BYTES = 10 * 1024**2
# Mails that wait to be collected, which happens twice a minute; a sender that is faster is told to come again.
_MOST_WAITING = 100
_MOST_WAITING_BYTES = 64 * 1024**2
_MOST_RECIPIENTS = 1000
# Each may hold a mail in memory.
_MOST_SESSIONS = 8
_SILENT_SECONDS = 120.0
_COME_AGAIN = "452 4.3.1 the catcher has no room now"


class Mails:
    """What arrives by SMTP at one outlet; `spool` is made when the first mail is there."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._numbers = count()
        self.sessions = 0

    def session(self) -> SMTP:
        """Return the protocol of one connection."""
        return _Session(self)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name and arguments
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, whoever it is."""
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep the mail."""
        content = envelope.original_content or b""
        waiting = [path.stat().st_size for path in self._spool.glob("*.mail")] if self._spool.is_dir() else []
        if len(waiting) >= _MOST_WAITING or sum(waiting) + len(content) > _MOST_WAITING_BYTES:
            return _COME_AGAIN
        now = datetime.now(UTC)
        told: dict[str, Any] = {
            "sender": str(envelope.mail_from or ""),
            "recipients": [str(each) for each in envelope.rcpt_tos],
            "received_at": now.isoformat(),
        }
        name = f"{now:%Y%m%dT%H%M%S%f}-{next(self._numbers)}.mail"
        write_whole(self._spool / name, json.dumps(told).encode() + b"\n" + content)
        return "250 2.6.0 caught: nobody gets it"


class _Session(SMTP):
    """A connection; one above the limit is ended at once."""

    def __init__(self, mails: Mails) -> None:
        super().__init__(
            mails,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="catcher",
            ident="OdooOps",
            timeout=_SILENT_SECONDS,
        )
        self._mails = mails

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - aiosmtpd's
        """Count the connection."""
        self._mails.sessions += 1
        if self._mails.sessions > _MOST_SESSIONS:
            transport.abort()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count it no more."""
        self._mails.sessions -= 1
        super().connection_lost(error)
