"""Projects and their repositories."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import Project


class Projects:
    """Reads and writes ops.projects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        slug: str,
        *,
        repo_url: str,
        odoo_version: str,
        workspace_key: str | None = None,
        default_branch: str = "main",
        poll_enabled: bool = True,
        config: Mapping[str, Any] | None = None,
        owner: UUID | None = None,
        created_by: str | None = None,
    ) -> Project:
        """Create the project, or return an identical existing one.

        Args:
            slug: its short name.
            repo_url: where its repository is.
            odoo_version: its series, such as 19.0.
            workspace_key: the name by which other systems know it; by default the slug.
            default_branch: the branch of production.
            poll_enabled: whether its repository is asked for pushes.
            config: settings of the project.
            owner: the user who becomes its owner; by default the calling user.
            created_by: in whose name the platform creates it.

        Raises:
            Forbidden: the caller creates no projects.
            BadInput: a value is none that a project has, or nobody would be the owner.
            Conflict: another project has the slug, the workspace key or the repository.
        """
        rows = self._database.call(
            "create_project",
            p_slug=slug,
            p_repo_url=repo_url,
            p_odoo_version=odoo_version,
            p_workspace_key=workspace_key,
            p_default_branch=default_branch,
            p_poll_enabled=poll_enabled,
            p_config=config or {},
            p_owner=owner,
            p_created_by=created_by,
        )
        return Project.from_row(rows[0])

    def get(self, slug: str) -> Project:
        """Return the project with this slug."""
        return Project.from_row(self._database.one("projects", what=f"project {slug}", order="slug", slug=slug))

    def list(self) -> builtins.list[Project]:
        """Return every project, sorted by slug."""
        return [Project.from_row(row) for row in self._database.read("projects", order="slug")]

    def of_repository(self, url: str) -> builtins.list[Project]:
        """Return the projects whose repository has this address, in whatever spelling."""
        wanted = self._spelling(url)
        return [project for project in self.list() if self._spelling(project.repo_url) == wanted]

    def archive(self, slug: str) -> Project:
        """Archive the project: cancel its queued runs, accept no new ones, take its environments down."""
        return Project.from_row(self._database.call("archive_project", p_slug=slug)[0])

    def restore(self, slug: str) -> Project:
        """Bring an archived project back, with its environments; an active one stays as it is."""
        return Project.from_row(self._database.call("restore_project", p_slug=slug)[0])

    def to_poll(self, *, older_than_seconds: float) -> builtins.list[Project]:
        """Return the projects whose repository was not polled for that long, or was named by a delivery."""
        rows = self._database.call("projects_to_poll", p_older_than_seconds=int(older_than_seconds))
        return [Project.from_row(row) for row in rows]

    def record_poll_failure(self, project_id: UUID, *, reason: str) -> None:
        """Record why the poll of the project's repository failed; the next successful poll clears it."""
        self._database.call("record_poll_failure", p_project_id=project_id, p_error=reason)

    def record_webhook_secret(self, project_id: UUID) -> datetime:
        """Record that the project's webhook has a new secret of its own, and return the time."""
        made_at: datetime = self._database.value("record_webhook_secret", p_project_id=project_id)
        return made_at

    def _spelling(self, url: str) -> str:
        return str(self._database.value("normalise_repo_url", p_url=url))
