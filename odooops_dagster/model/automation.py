"""What projects let be queued by itself, the tools that runs use, and what a move to another series brings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from odooops_dagster.errors import BadInput
from odooops_dagster.model.rows import FromRow
from odooops_dagster.model.runs import RunStatus

_IMAGE = re.compile(r"(?P<image>[^@\s]+)@(?P<digest>sha256:[0-9a-f]{64})")

WorkflowType = Literal["build", "test", "deploy", "backup", "upgrade"]


@dataclass(frozen=True, kw_only=True)
class Workflow(FromRow):
    """A workflow in force with its newest run; without an id it is the platform's own."""

    project_id: UUID
    project_slug: str
    workflow_id: UUID | None
    name: str
    workflow_type: WorkflowType
    config: Mapping[str, Any]
    is_enabled: bool
    set_by: str | None
    set_at: datetime | None
    last_run_id: UUID | None
    last_run_number: int | None
    last_run_status: RunStatus | None
    git_ref: str | None
    git_sha: str | None


@dataclass(frozen=True, kw_only=True)
class Tool(FromRow):
    """A tool that runs use, pinned to a version and to an image by its digest."""

    id: UUID
    name: str
    version: str
    docker_image: str | None
    digest: str | None
    config: Mapping[str, Any]
    set_by: str | None
    set_at: datetime
    created_at: datetime


def pinned_image(text: str) -> tuple[str, str]:
    """Return an image's name and digest.

    Raises:
        BadInput: the text names no digest.
    """
    found = _IMAGE.fullmatch(text)
    if found is None:
        raise BadInput(
            f"{text} names no digest", hint="docker buildx imagetools inspect NAME:TAG shows it: NAME@sha256:…"
        )
    return found["image"], found["digest"]


@dataclass(frozen=True, kw_only=True)
class Advisory(FromRow):
    """What a move of a project to another series brings, and how much of it its modules use."""

    project_id: UUID
    project_slug: str
    odoo_version: str
    advisory_id: UUID
    to_version: str
    severity: str
    breaking_changes: Sequence[Any]
    breaking_change_count: int
    created_at: datetime
    migration_guides: Sequence[Any]
    sources: Sequence[Mapping[str, Any]]
    item_count: int
    target_version: str | None
    matched_run_id: UUID | None
    matched_at: datetime | None
    certain_uses: int | None
    possible_uses: int | None
    uses: Sequence[Mapping[str, Any]] | None
