"""Deployments: promotions of releases to staging and production, and rollbacks."""

from __future__ import annotations

import builtins
from datetime import datetime
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.model import Fence
from odooops_dagster.model.releases import Deployment, EventAnswer, WayBack


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

    def promote_prepared(
        self, release_id: UUID, *, reason: str | None = None, requested_by: str | None = None
    ) -> Deployment:
        """Say go to the release's prepared promotion to production.

        Raises:
            Conflict: it is not prepared, changed since, or a requirement is not met.
        """
        found = self._database.value(
            "promote_prepared", release_id=release_id, p_reason=reason, p_requested_by=requested_by
        )
        return self.get(found)

    def promote_due(self) -> builtins.list[UUID]:
        """Promote the builds that policy promotes by themselves, and return the deployments."""
        return [row["promote_due_builds"] for row in self._database.call("promote_due_builds")]

    def rollback(
        self,
        deployment_id: UUID,
        *,
        reason: str,
        with_data: bool = False,
        requested_by: str | None = None,
        idempotency_key: str | None = None,
    ) -> Deployment:
        """Roll back to the release before this deployment, and return the new deployment; the same key, the same one.

        With `with_data`, the data of before come back too.

        Raises:
            Conflict: there is no earlier release, its data are not kept, or the key was used for another request.
        """
        found = self._database.value(
            "rollback_deployment",
            deployment_id=deployment_id,
            reason=reason,
            p_requested_by=requested_by,
            p_with_data=with_data,
            p_idempotency_key=idempotency_key,
        )
        return self.get(found)

    def announce(self, fence: Fence) -> EventAnswer | None:
        """Tell the gates that the run is about to deploy its release to a staging, and return their answer.

        None if the run deploys no release there. A rejected answer says why the gates do not allow it.
        """
        answer = self._database.value("announce_deployment", p_run_id=fence.run_id, p_attempt=fence.attempt)
        return EventAnswer.from_row(answer) if answer else None

    def tell_health(self, fence: Fence, *, release_id: UUID, passed: bool, moment: str, summary: str) -> EventAnswer:
        """Tell gate G4 what a health check of the run's deployment found, and return the answer."""
        answer = self._database.value(
            "tell_health",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_release_id=release_id,
            p_passed=passed,
            p_moment=moment,
            p_summary=summary,
        )
        return EventAnswer.from_row(answer)

    def ways_back(self, deployment_id: UUID) -> builtins.list[WayBack]:
        """Return the ways back from the deployment, possible or not."""
        rows = self._database.call("explain_rollback", deployment_id=deployment_id)
        return [WayBack.from_row(row) for row in rows]

    def await_decision(self, fence: Fence, *, deployment_id: UUID) -> Deployment:
        """Ask people whether the run's deployment stays, until `decision_due_at`; None there if it has no way back."""
        return self._record("await_decision", fence, p_deployment_id=deployment_id)

    def keep(self, deployment_id: UUID, *, reason: str, kept_by: str | None = None) -> Deployment:
        """Keep a deployment whose health is inconclusive.

        Raises:
            Conflict: nobody is asked about it.
        """
        self._database.call("keep_deployment", deployment_id=deployment_id, reason=reason, p_kept_by=kept_by)
        return self.get(deployment_id)

    def roll_back_undecided(self) -> builtins.list[UUID]:
        """Roll back the code of deployments about which nobody decided in time, and return the rollbacks."""
        return [row["roll_back_undecided"] for row in self._database.call("roll_back_undecided")]

    def start_promotion(self, fence: Fence, *, backup_id: UUID | None) -> Deployment:
        """Start the run's deployment, once there is a way back.

        Raises:
            Conflict: the release is not eligible any more, or the backup is not verified.
        """
        return self._record("start_promotion", fence, p_backup_id=backup_id)

    def record_promotion(
        self,
        fence: Fence,
        *,
        url: str,
        port: int | None,
        database_name: str,
        image_digest: str,
        git_sha: str,
        keep_previous_until: datetime,
    ) -> Deployment:
        """Point the run's environment at the promoted release, and end its deployment as succeeded.

        Raises:
            Conflict: the build is not the one that was released.
        """
        return self._record(
            "record_promotion",
            fence,
            p_url=url,
            p_port=port,
            p_database_name=database_name,
            p_image_digest=image_digest,
            p_git_sha=git_sha,
            p_keep_previous_until=keep_previous_until,
        )

    def record_failure(self, fence: Fence, *, reason: str, is_of_platform: bool = False) -> UUID:
        """Record that the promotion failed and was rolled back, and return the incident.

        After a fault of the platform the release is not rolled back: it may be promoted again.
        """
        incident: UUID = self._database.value(
            "record_promotion_failure",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_reason=reason,
            p_is_of_platform=is_of_platform,
        )
        return incident

    def close_unfinished(self) -> int:
        """Close the deployments whose run ended without a result, and return their number."""
        return int(self._database.value("close_deployments"))

    def get(self, deployment_id: UUID) -> Deployment:
        """Return the deployment with this id."""
        row = self._database.one("deployments", what=f"deployment {deployment_id}", order="id", id=deployment_id)
        return Deployment.from_row(row)

    def history(self, project_id: UUID, *, release_id: UUID | None = None) -> Rows:
        """Return the project's deployments with their versions, places and rollbacks, oldest first."""
        return self._database.read(
            "v_deployment_history", order="created_at, deployment_id", project_id=project_id, release_id=release_id
        )

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

    def _record(self, function: str, fence: Fence, **arguments: object) -> Deployment:
        (row,) = self._database.call(function, p_run_id=fence.run_id, p_attempt=fence.attempt, **arguments)
        return Deployment.from_row(row)
