"""What commands print of projects, runs, environments and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from odooops_dagster.control.orphans import Orphan
from odooops_dagster.model import Environment, Project, Run
from odooops_dagster.model.readings import CaughtMail, PreviewRule, RunArtifact, RunCheck


@dataclass(frozen=True, kw_only=True)
class ProjectPage(Project):
    """A project with its environments' names, the keys of odooops.yaml set for it, and what holds for its previews."""

    environments: Sequence[str]
    settings: Mapping[str, Any]  # a value of odooops.yaml may be anything that YAML has
    previews: Sequence[PreviewRule]
    branches_without_preview: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class KeptArtifact(RunArtifact):
    """A file that a run left, and when its removal from the store began."""

    condemned_at: datetime | None = None  # not through a server


@dataclass(frozen=True, kw_only=True)
class RunPage(Run):
    """A run with its checks and files, and what is known of its future until it has ended."""

    hint: str | None  # what a person can do about its failure
    checks: Sequence[RunCheck]
    artifacts: Sequence[KeptArtifact]
    position: int = 0  # in the queue, while it waits
    waits_for: str | None = None  # while it waits
    usual_duration: timedelta | None = None  # until it has ended
    expected_end: datetime | None = None  # while it works


@dataclass(frozen=True, kw_only=True)
class VerifiedRun:
    """Whether a run's audit trail is as it was written; `run` is project#number."""

    run: str
    id: UUID
    intact: bool


@dataclass(frozen=True, kw_only=True)
class EnvironmentPage(Environment):
    """An environment, where its data come from, and what it takes of this machine, in MB; null on another machine."""

    data_source: str | None
    data_backup_id: UUID | None
    data_taken_at: datetime | None
    data_age: str | None
    memory_mb: int | None
    memory_limit_mb: int | None
    disk_mb: int | None
    disk_limit_mb: int | None
    workers: int | None
    ended_for: str | None  # the limit of memory for which it was last ended


@dataclass(frozen=True, kw_only=True)
class MailPage(CaughtMail):
    """A mail with its text and the names of its attachments."""

    text: str | None
    html: str | None
    attachments: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ListedOrphan(Orphan):
    """An orphan with what follows from it."""

    effect: str


@dataclass(frozen=True, kw_only=True)
class ListedImage:
    """An image of a build that was not removed; `signed_by` is the id of a key."""

    id: UUID
    project_id: UUID
    project_slug: str
    reference: str
    build_digest: str
    tags: Sequence[str]
    signed_by: str | None
    pushed_at: datetime
    used_at: datetime
    layers: Sequence[str]
    condemned_at: datetime | None
