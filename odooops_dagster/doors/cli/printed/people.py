"""What commands print of people, their keys, and of what is told to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from odooops_dagster.model.messages import ForgeName, NotificationRule
from odooops_dagster.model.people import PersonKey
from odooops_dagster.model.releases import ProcessingStatus


@dataclass(frozen=True, kw_only=True)
class RemovedAlias:
    """A name, and whether it was anybody's."""

    name: str
    removed: bool


@dataclass(frozen=True, kw_only=True)
class ListedPersonKey(PersonKey):
    """A key by which a person signs, with the person's name."""

    person: str


@dataclass(frozen=True, kw_only=True)
class RevokedPersonKey:
    """A key's id, and whether it was in force until now."""

    key_id: str
    revoked: bool


@dataclass(frozen=True, kw_only=True)
class WebhookSecret:
    """A project's new secret, shown only now, and where its deliveries go; GitLab takes `signing_token`."""

    project: str
    path: str
    forge_path: str
    secret: str
    signing_token: str
    made_at: datetime


@dataclass(frozen=True, kw_only=True)
class ListedForge:
    """By what a project's forge is told; `told_by` is null where the token or key is not on this machine."""

    project: str | None
    forge: ForgeName
    repository: str
    api_url: str
    told_by: str | None
    set_by: str
    set_at: datetime


@dataclass(frozen=True, kw_only=True)
class MadeRule:
    """The number of a new rule."""

    id: int


@dataclass(frozen=True, kw_only=True)
class ListedRule(NotificationRule):
    """A rule with its project, and where it comes from: a person, or a commit's odooops.yaml."""

    project: str | None
    origin: str


@dataclass(frozen=True, kw_only=True)
class MadeTarget:
    """An address that was kept; `secret` signs the requests of a webhook and is shown only now."""

    name: str
    channel: Literal["webhook", "apprise"]
    secret: str | None


@dataclass(frozen=True, kw_only=True)
class EventReceipt:
    """What came of an event that was sent; `ids` are those of what it made, by kind."""

    status: ProcessingStatus
    message: str
    ids: Mapping[str, Any]
    field: str | None
    hint: str | None
