"""Events about builds, gates, deployments and environments, from outside and from the platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.errors import BadInput, Forbidden
from odooops_dagster.model import Environment
from odooops_dagster.model.releases import EventAnswer, ProcessingStatus


class Events:
    """Ingests events through ops.ingest_event and reads ops.event_ingest_log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ingest(self, envelope: Mapping[str, Any]) -> EventAnswer:
        """Ingest the event once and return the answer; a rejected event is logged and does not raise."""
        return EventAnswer.from_row(self._database.value("ingest_event", envelope=envelope))

    def receive(self, body: bytes, *, key_prefix: str, key_sha256: str, size_bytes: int | None = None) -> EventAnswer:
        """Ingest the body of a delivery as its key's persona and return the answer; a refused one does not raise.

        Args:
            body: the body as it was sent; empty if it was not read.
            key_prefix: the part of the key that is shown.
            key_sha256: the SHA-256 of the whole key, in hexadecimal digits.
            size_bytes: the announced length of a body that was not read: it is refused as too large.
        """
        answer = self._database.value(
            "receive_event",
            body=body,
            p_key_prefix=key_prefix,
            p_key_sha256=key_sha256,
            p_size_bytes=size_bytes,
        )
        return EventAnswer.from_row(answer)

    def list(
        self,
        project_id: UUID | None = None,
        *,
        release_id: UUID | None = None,
        status: ProcessingStatus | None = None,
        limit: int | None = None,
    ) -> Rows:
        """Return the deliveries of events, newest first, refused ones too."""
        return self._database.read(
            "event_ingest_log",
            order="id desc",
            limit=limit,
            project_id=project_id,
            release_id=release_id,
            processing_status=status,
        )

    def get(self, log_id: int) -> dict[str, Any]:
        """Return the delivery with this number."""
        return self._database.one("event_ingest_log", what=f"event {log_id}", order="id", id=log_id)

    def note(self, environment: Environment, what: str, *, at: datetime, facts: Mapping[str, Any]) -> None:
        """Record an event about the environment.

        Raises:
            Forbidden: the caller may not record events about environments.
            BadInput: the event was rejected for another reason.
        """
        answer = self.ingest(
            {
                "schema_version": "1.0",
                "event_type": "environment_event",
                "idempotency_key": str(uuid4()),
                "source": "ops",
                "occurred_at": at.isoformat(),
                "project": environment.project_slug,
                "environment": environment.name,
                "status": what,
                "rationale_structured": dict(facts),
            }
        )
        if answer.status == "rejected":
            kind = Forbidden if answer.http_status in (401, 403) else BadInput
            raise kind(
                f"{what} of {environment.partition_key} is not put on record: {answer.message}", hint=answer.hint
            )
