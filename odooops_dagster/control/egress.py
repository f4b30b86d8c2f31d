"""What environments tried to reach, and the mails that they sent to nobody."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model.readings import CaughtMail, EgressAttempt


class Egress:
    """Reads ops.v_egress and ops.v_mails, and writes what the catcher and the proxy left."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        environment_id: UUID,
        *,
        minute: datetime,
        source: UUID,
        outcome: str,
        attempts: Sequence[Mapping[str, object]],
    ) -> int:
        """Record the attempts of one minute, and return the number of rows that changed.

        Args:
            environment_id: who tried.
            minute: the minute's start.
            source: the catcher or the proxy that counted.
            outcome: refused, caught, open, allowed or reported.
            attempts: at most 50, as ops.record_egress describes them.
        """
        changed: int = self._database.value(
            "record_egress",
            p_environment_id=environment_id,
            p_minute=minute,
            p_source=source,
            p_outcome=outcome,
            p_attempts=list(attempts),
        )
        return changed

    def record_mail(
        self,
        environment_id: UUID,
        *,
        content: bytes,
        sender: str,
        recipients: Sequence[str],
        subject: str,
        received_at: datetime,
    ) -> UUID:
        """Keep a mail, and return its id.

        Raises:
            BadInput: the environment is production, or the mail is larger than 10 MiB.
        """
        mail_id: UUID = self._database.value(
            "record_mail",
            p_environment_id=environment_id,
            p_content=content,
            p_sender=sender,
            p_recipients=list(recipients),
            p_subject=subject,
            p_received_at=received_at,
        )
        return mail_id

    def attempts(self, environment_id: UUID) -> list[EgressAttempt]:
        """Return what the environment tried to reach, the last first."""
        rows = self._database.read("v_egress", order="last_at desc", limit=500, environment_id=environment_id)
        return [EgressAttempt.from_row(row) for row in rows]

    def rules(self) -> dict[UUID, Mapping[str, Any]]:
        """Return what each living environment but a production may reach, as ops.egress_rules tells it."""
        rows = self._database.call("egress_rules")
        return {row["environment_id"]: {key: row[key] for key in row if key != "environment_id"} for row in rows}

    def counted(self, environment_id: UUID) -> dict[str, int]:
        """Return how often the environment tried to reach something, by outcome, as far as that is on the record."""
        counts: dict[str, int] = {}
        for each in self.attempts(environment_id):
            counts[each.outcome] = counts.get(each.outcome, 0) + each.attempts
        return counts

    def mails(self, environment_id: UUID) -> list[CaughtMail]:
        """Return the mails that the environment sent, the newest first."""
        rows = self._database.read("v_mails", order="received_at desc", limit=500, environment_id=environment_id)
        return [CaughtMail.from_row(row) for row in rows]

    def source(self, mail_id: UUID) -> bytes:
        """Return the mail as it was sent: an .eml file.

        Raises:
            NotFound: there is no such mail.
        """
        return base64.b64decode(self._database.value("mail_source", p_mail_id=mail_id))
