"""Releases, and the requirements of their promotion."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.model import Fence
from odooops_dagster.model.releases import Release, Requirement


class Releases:
    """Reads and writes ops.releases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        project_id: UUID,
        *,
        version: str,
        git_shas: Mapping[str, str],
        image_digest: str,
        created_by: str | None = None,
        run_id: UUID | None = None,
        notes: str | None = None,
    ) -> Release:
        """Create the release with its four gates, or return an identical existing one.

        Raises:
            Conflict: the version exists with another content.
        """
        found = self._database.value(
            "create_release",
            project_id=project_id,
            version=version,
            git_shas=git_shas,
            image_digest=image_digest,
            p_created_by=created_by,
            p_run_id=run_id,
            p_notes=notes,
        )
        return self.by_id(found)

    def propose(
        self,
        fence: Fence,
        *,
        image_digest: str,
        submodules: Mapping[str, str] | None = None,
        lock_digest: str | None = None,
        author: str | None = None,
    ) -> Release | None:
        """Make the release of the run's build, or return the same existing one; None for a build that makes none.

        Args:
            fence: the run's current attempt.
            image_digest: the build's digest, `sha256:` and 64 hexadecimal digits.
            submodules: the commit of each submodule by its path.
            lock_digest: the digest of the image's Python packages.
            author: the author of the commit, where nobody is known to have pushed it.

        Raises:
            Conflict: the version exists with another content, as after a tag was moved.
        """
        rows = self._database.call(
            "propose_release",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_image_digest=image_digest,
            p_submodules=submodules or {},
            p_lock_digest=lock_digest,
            p_author=author,
        )
        return Release.from_row(rows[0]) if rows else None

    def of_build(
        self,
        project_id: UUID,
        *,
        version: str | None = None,
        run_id: UUID | None = None,
        requested_by: str | None = None,
    ) -> Release:
        """Make a release of the default branch's newest build, or of a run's, or return the one that is the same.

        Raises:
            Conflict: no build of the default branch succeeded.
        """
        found = self._database.value(
            "release_build",
            project_id=project_id,
            p_version=version,
            p_run_id=run_id,
            p_requested_by=requested_by,
        )
        return self.by_id(found)

    def get(self, project_id: UUID, *, version: str) -> Release:
        """Return the release with this version."""
        row = self._database.one(
            "releases", what=f"release {version}", order="version", project_id=project_id, version=version
        )
        return Release.from_row(row)

    def by_id(self, release_id: UUID) -> Release:
        """Return the release with this id."""
        return Release.from_row(self._database.one("releases", what=f"release {release_id}", order="id", id=release_id))

    def list(self, project_id: UUID | None = None, *, limit: int | None = None) -> builtins.list[Release]:
        """Return the releases, newest first."""
        rows = self._database.read("releases", order="created_at desc, id", limit=limit, project_id=project_id)
        return [Release.from_row(row) for row in rows]

    def eligibility(self, release_id: UUID) -> dict[str, Any]:
        """Return whether the release may go to staging and to production now, and what each lacks first."""
        return self._database.one(
            "v_promotion_eligibility", what=f"release {release_id}", order="release_id", release_id=release_id
        )

    def shown_digest(self, release_id: UUID) -> str:
        """Return the digest of all that the release's approvers are shown now."""
        return str(self._database.value("shown_digest", release_id=release_id))

    def withdraw(self, release_id: UUID) -> Release:
        """Withdraw the release, so that nobody can promote it."""
        self._database.call("withdraw_release", release_id=release_id)
        return self.by_id(release_id)

    def explain(self, release_id: UUID, *, target_env: str) -> builtins.list[Requirement]:
        """Return every requirement of a promotion, and whether it is met."""
        rows = self._database.call("explain_promotion", release_id=release_id, target_env=target_env)
        return [Requirement.from_row(row) for row in rows]

    def evidence(self, release_id: UUID) -> Rows:
        """Return the evidence of the release, its gates and their checks, oldest first."""
        return self._database.read("evidence_artifacts", order="created_at, kind, id", release_id=release_id)

    def record_evidence(self, *, kind: str, s3_url: str, sha256: str, **subject: Any) -> UUID:  # noqa: ANN401
        """Record an object as evidence and return its id; `subject` are optional arguments of ops.record_evidence."""
        named = {f"p_{name}": value for name, value in subject.items()}
        found: UUID = self._database.value("record_evidence", kind=kind, s3_url=s3_url, sha256=sha256, **named)
        return found
