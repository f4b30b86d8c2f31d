"""Pushes: changes of branches, from webhooks and polls."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.model import Push


class Pushes:
    """Writes ops.push_deliveries and ops.branch_heads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def receive(
        self,
        delivery_id: str,
        *,
        event: str,
        push: Push,
        payload: Mapping[str, Any],
        body_sha256: str | None = None,
        project_id: UUID | None = None,
    ) -> str:
        """Store a delivery once, and return the outcome: accepted, duplicate, ignored, unknown_project or own_secret.

        Args:
            delivery_id: the forge's id of the delivery.
            event: the forge's name of what happened.
            push: the change of the branch, as the delivery tells it.
            payload: what is kept of the delivery.
            body_sha256: hash of the signed body, in hexadecimal digits; a body that came before is a duplicate.
            project_id: the project whose secret signed it; None for the platform's secret.
        """
        rows = self._database.call(
            "receive_push",
            p_delivery_id=delivery_id,
            p_event=event,
            p_repo_url=push.repo_url,
            p_ref=push.ref,
            p_sha=push.sha,
            p_previous_sha=push.previous_sha,
            p_forced=push.forced,
            p_pusher=push.pusher,
            p_payload=payload,
            p_body_sha256=body_sha256,
            p_project_id=project_id,
        )
        return str(rows[0]["outcome"])

    def project_of_webhook(self, slug: str) -> UUID | None:
        """Return the project that a webhook's address names, if the project has a secret of its own."""
        found: UUID | None = self._database.value("project_of_webhook", p_slug=slug)
        return found

    def require_receiver(self) -> None:
        """Check that the database answers, has the schema, and lets the caller store deliveries.

        Raises:
            Unavailable: the database does not answer or lacks the schema.
            Forbidden: the login is that of another job.
        """
        self.project_of_webhook("")

    def apply(self, *, limit: int = 20) -> Rows:
        """Act on stored deliveries: projects become due, tags are built; return rows of delivery_id and outcome."""
        return self._database.call("apply_pushes", p_limit=limit)

    def record_heads(
        self,
        project_id: UUID,
        *,
        heads: Mapping[str, str],
        asked_at: datetime | None = None,
        empty_branch: str | None = None,
    ) -> builtins.list[UUID]:
        """Compare a repository's branches with the last known heads, and return the new runs.

        `asked_at` is the time of the poll; an answer older than the last one changes nothing. The project's first
        answer queues nothing for `empty_branch`, which holds nothing to build.
        """
        rows = self._database.call(
            "record_branch_heads",
            p_project_id=project_id,
            p_heads=dict(heads),
            p_asked_at=asked_at,
            p_empty_branch=empty_branch,
        )
        return [row["record_branch_heads"] for row in rows]

    def head(self, project_id: UUID, branch: str) -> str | None:
        """Return the last commit seen on the branch, None if none was."""
        rows = self._database.read("branch_heads", order="branch", project_id=project_id, branch=branch)
        return str(rows[0]["sha"]) if rows else None
