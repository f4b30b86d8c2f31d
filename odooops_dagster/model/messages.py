"""Values of messages: what is told to forges and people, and by which rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from odooops_dagster.model.environments import Stage
from odooops_dagster.model.rows import FromRow
from odooops_dagster.model.runs import Fault

ForgeName = Literal["github", "gitlab", "gitea", "bitbucket"]
Channel = Literal["mail", "webhook", "apprise"]
MessageStatus = Literal["waiting", "delivered", "superseded", "dead"]


@dataclass(frozen=True, kw_only=True)
class Message(FromRow):
    """A message of the outbox; `attempts` is the fencing token of the claim on it, `payload` what it is made from."""

    id: int
    project_id: UUID | None
    channel: Channel | Literal["forge"]
    recipient: str
    kind: str
    subject: str
    state: str
    payload: Mapping[str, Any]
    status: MessageStatus
    attempts: int
    tries: int
    next_at: datetime
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None
    is_by_platform: bool = False  # a rule of the platform asked for it: it may reach every target


@dataclass(frozen=True, kw_only=True)
class ProjectForge(FromRow):
    """The forge to which a project's results are told: whose API, where it begins, and the repository there.

    `uses_app` says that it is told as a GitHub App, and not with a token.
    """

    project_id: UUID
    forge: ForgeName
    api_url: str
    repository: str
    uses_app: bool
    set_by: str
    set_at: datetime


@dataclass(frozen=True, kw_only=True)
class NotificationRule(FromRow):
    """Who is told of what; None stands for every project, stage or fault."""

    id: int
    project_id: UUID | None
    events: Sequence[str]
    stage: Stage | None
    fault: Fault | None
    channel: Channel
    recipient: str
    created_by: str
    created_at: datetime
    git_sha: str | None = None  # the commit whose odooops.yaml declared it; None for one that a person made
    is_by_platform: bool = False  # who operates the platform made it: it may name any target
    muted_by: str | None = None  # who stopped it, if odooops.yaml declares it


@dataclass(frozen=True, kw_only=True)
class PullComment(FromRow):
    """The one comment by which a pull request is told; `comment_id` is the forge's."""

    pull_number: int
    comment_id: int
    branch: str
