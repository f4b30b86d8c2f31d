"""Deployments: promotions of releases to staging and production, and rollbacks."""

from __future__ import annotations

import builtins
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import Fence
from odooops_dagster.model.releases import Deployment, DeploymentStatus, EventAnswer


class Deployments:
    """Reads and writes ops.deployments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def promote(
        self,
        release_id: UUID,
        *,
        target_env: str,
        no_backup_reason: str | None = None,
        reason: str | None = None,
        requested_by: str | None = None,
    ) -> Deployment:
        """Promote the release to the target, or return the deployment that is in progress.

        Raises:
            Conflict: a requirement is not met; the message names it.
        """
        found = self._database.value(
            "promote_release",
            release_id=release_id,
            target_env=target_env,
            p_no_backup_reason=no_backup_reason,
            p_reason=reason,
            p_requested_by=requested_by,
        )
        return self.get(found)

    def rollback(self, deployment_id: UUID, *, reason: str, requested_by: str | None = None) -> Deployment:
        """Roll back to the release before this deployment, and return the new deployment.

        Raises:
            Conflict: there is no earlier release.
        """
        found = self._database.value(
            "rollback_deployment", deployment_id=deployment_id, reason=reason, p_requested_by=requested_by
        )
        return self.get(found)

    def announce(self, fence: Fence) -> EventAnswer | None:
        """Tell the gates that the run is about to deploy its release to a staging, and return their answer.

        None if the run deploys no release there. A rejected answer says why the gates do not allow it.
        """
        answer = self._database.value("announce_deployment", p_run_id=fence.run_id, p_attempt=fence.attempt)
        return EventAnswer.from_row(answer) if answer else None

    def record_status(self, deployment_id: UUID, *, status: DeploymentStatus) -> Deployment:
        """Record the status of the deployment."""
        self._database.call("record_deployment_status", deployment_id=deployment_id, status=status)
        return self.get(deployment_id)

    def close_unfinished(self) -> int:
        """Close the deployments whose run ended without a result, and return their number."""
        return int(self._database.value("close_deployments"))

    def get(self, deployment_id: UUID) -> Deployment:
        """Return the deployment with this id."""
        row = self._database.one("deployments", what=f"deployment {deployment_id}", order="id", id=deployment_id)
        return Deployment.from_row(row)

    def of_run(self, run_id: UUID) -> Deployment | None:
        """Return the run's deployment, None if it has none."""
        rows = self._database.read("deployments", order="id", run_id=run_id)
        return Deployment.from_row(rows[0]) if rows else None

    def list(
        self, project_id: UUID | None = None, *, release_id: UUID | None = None, limit: int | None = None
    ) -> builtins.list[Deployment]:
        """Return the deployments, newest first."""
        rows = self._database.read(
            "deployments", order="created_at desc, id", limit=limit, project_id=project_id, release_id=release_id
        )
        return [Deployment.from_row(row) for row in rows]
