"""Environments of branches."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.errors import NotFound
from odooops_dagster.kinds import backup_named_by
from odooops_dagster.model import Environment, Fence, Run, Stage

_VIEW = "v_environment_overview"


class Environments:
    """Reads ops.v_environment_overview and writes ops.environments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure(self, project_id: UUID, *, branch: str, stage: Stage | None = None) -> Environment:
        """Return the branch's environment; create one if there is none that is not destroyed."""
        rows = self._database.call("ensure_environment", p_project_id=project_id, p_branch=branch, p_stage=stage)
        return self.by_id(rows[0]["id"])

    def adopt(self, project_id: UUID, *, branch: str) -> Environment:
        """Create or return the branch's environment as an adopted one.

        Raises:
            Conflict: the environment is hosted here, or a run is about to host it.
        """
        rows = self._database.call("adopt_environment", p_project_id=project_id, p_branch=branch)
        return self.by_id(rows[0]["id"])

    def get(self, partition_key: str) -> Environment:
        """Return the environment with this partition key."""
        row = self._database.one(
            _VIEW, what=f"environment {partition_key}", order="created_at desc", partition_key=partition_key
        )
        return Environment.from_row(row)

    def by_id(self, environment_id: UUID) -> Environment:
        """Return the environment with this id."""
        row = self._database.one(_VIEW, what=f"environment {environment_id}", order="created_at", id=environment_id)
        return Environment.from_row(row)

    def of_run(self, run: Run) -> Environment:
        """Return the run's environment, or for a drill the environment of its backup.

        Raises:
            NotFound: the run has neither.
        """
        if run.environment_id is not None:
            return self.by_id(run.environment_id)
        backup_id = backup_named_by(run)
        if backup_id is None:
            raise NotFound(
                f"run #{run.run_number} works on no environment and on no backup", hint="name one of them and ask again"
            )
        backup = self._database.one("backups", what=f"backup {backup_id}", order="id", id=backup_id)
        return self.by_id(backup["environment_id"])

    def list(self, project_slug: str | None = None) -> builtins.list[Environment]:
        """Return every environment, including destroyed ones, sorted by partition key."""
        rows = self._database.read(_VIEW, order="partition_key", project_slug=project_slug)
        return [Environment.from_row(row) for row in rows]

    def require_deployable(self, fence: Fence, *, database_name: str) -> None:
        """Check that record_deployment would accept this database for the run's environment.

        Raises:
            Conflict: the kind of run may not deploy: the environment has data, is adopted or has another stage.
            Fenced: the attempt is not the current one.
        """
        self._database.call(
            "require_deployable", p_run_id=fence.run_id, p_attempt=fence.attempt, p_database_name=database_name
        )

    def record_deployment(
        self,
        fence: Fence,
        *,
        url: str,
        port: int | None,
        database_name: str,
        image_digest: str,
        git_sha: str,
        expires_at: datetime | None,
    ) -> str | None:
        """Switch the run's environment to this build, and return its previous database."""
        previous: str | None = self._database.value(
            "record_deployment",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_url=url,
            p_port=port,
            p_database_name=database_name,
            p_image_digest=image_digest,
            p_git_sha=git_sha,
            p_expires_at=expires_at,
        )
        return previous

    def record_destruction(self, fence: Fence) -> None:
        """Record that the run's environment is destroyed."""
        self._database.call("record_destruction", p_run_id=fence.run_id, p_attempt=fence.attempt)

    def require_unused_database(self, database_name: str, *, destroyer: Fence | None = None) -> None:
        """Check that no environment uses the database; a destroy run may drop the databases of its own environment.

        Raises:
            Conflict: an environment serves the database, or a restore keeps it for an undo.
        """
        self._database.call(
            "require_unused_database",
            p_database_name=database_name,
            p_run_id=destroyer and destroyer.run_id,
            p_attempt=destroyer and destroyer.attempt,
        )

    def note_terminal(self, environment: Environment, *, program: str, opened_by: str | None) -> None:
        """Record that a person opens a terminal in the environment, before it opens.

        Raises:
            NotFound: the environment was destroyed.
        """
        self._database.call(
            "note_terminal",
            p_project_id=environment.project_id,
            p_env=environment.name,
            p_program=program,
            p_opened_by=opened_by,
        )

    def record_service(self, fence: Fence) -> Environment:
        """Record that the run's environment is to be stopped or running, as the run's kind says, and return it."""
        rows = self._database.call("record_service", p_run_id=fence.run_id, p_attempt=fence.attempt)
        return self.by_id(rows[0]["id"])

    def pin(self, environment_id: UUID, *, is_pinned: bool) -> Environment:
        """Let the environment run on though nobody asks for it, or not, and return it."""
        rows = self._database.call("pin_environment", p_environment_id=environment_id, p_is_pinned=is_pinned)
        return self.by_id(rows[0]["id"])

    def explain(self, environment_id: UUID) -> Rows:
        """Return what the caller may do with the environment now, and why not the rest.

        Each row has an `action` (stop, start, pin, unpin), `is_allowed`, and a `detail` where it is not allowed.
        """
        return self._database.call("explain_environment", p_environment_id=environment_id)

    def events(self, environment_id: UUID, *, limit: int = 20) -> Rows:
        """Return what happened to the environment, the newest first."""
        return self._database.read("environment_events", order="id desc", limit=limit, environment_id=environment_id)

    def wake(self, labels: Sequence[str]) -> builtins.list[UUID]:
        """Queue the start of the environments with these host labels that sleep, and return the runs' ids."""
        return [
            row["wake_environments"] for row in self._database.call("wake_environments", p_host_labels=list(labels))
        ]

    def set_url(self, environment_id: UUID, *, url: str) -> None:
        """Record under which URL the environment answers."""
        self._database.call("set_environment_url", p_environment_id=environment_id, p_url=url)

    def expire(self) -> builtins.list[UUID]:
        """Queue the destruction of expired previews, and return the runs' ids."""
        return [row["expire_environments"] for row in self._database.call("expire_environments")]
