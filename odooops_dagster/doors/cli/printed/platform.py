"""What commands print of the platform itself: its programs, its links, its backups, its database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from odooops_dagster.control.plane import CarriedRevocations, Settled
from odooops_dagster.local.overview import Overview
from odooops_dagster.local.recovery.kept import PlatformBackup
from odooops_dagster.model import Stage
from odooops_dagster.model.releases import Persona


@dataclass(frozen=True, kw_only=True)
class PlatformPage(Overview):
    """The stack with what its open alarms say."""

    alarms: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ServerPage:
    """As whom the key acts at a server, and what waits there; `scopes` are joined by commas."""

    role: str
    subject: str | None
    key: str | None
    key_expires_at: datetime | None
    scopes: str | None
    projects: Sequence[str]
    waiting_runs: int


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Whether anything ran on the state folder before."""

    home: str
    stopped: bool


@dataclass(frozen=True, kw_only=True)
class ConsoleLink:
    """A link that works once within these seconds."""

    url: str
    link_seconds: int


@dataclass(frozen=True, kw_only=True)
class DagsterLink(ConsoleLink):
    """A link to Dagster, and for how long the session lasts."""

    session_seconds: int


@dataclass(frozen=True, kw_only=True)
class EndedLogins:
    """That everybody is logged out."""

    ended: bool


@dataclass(frozen=True, kw_only=True)
class EndedSessions:
    """How many sessions were ended."""

    ended: int


@dataclass(frozen=True, kw_only=True)
class ConsoleSession:
    """A session of the console, or a link that was offered."""

    session_id: UUID
    person: str
    user_id: UUID | None
    personas: Sequence[Persona]
    persona: Persona | None
    status: Literal["offered", "unused", "active", "expired", "ended"]
    created_by: str | None
    created_at: datetime
    began_at: datetime | None
    last_used_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True, kw_only=True)
class PlatformKeyFile:
    """The file with the key that seals backups of the platform."""

    file: str


@dataclass(frozen=True, kw_only=True)
class Visitors:
    """The name and the password that previews ask people elsewhere for, and whether they do."""

    name: str
    password: str
    is_asked: bool


@dataclass(frozen=True, kw_only=True)
class MadePlatformBackup(PlatformBackup):
    """A new backup of the platform, and the ids of the old ones that were dropped."""

    dropped: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Rebuild:
    """An environment whose database is lost, and what brings it back."""

    environment: str
    stage: Stage
    next: str


@dataclass(frozen=True, kw_only=True)
class Compare:
    """An environment that is stopped, and the database that the record names for it."""

    environment: str
    stage: Stage
    database: str | None


@dataclass(frozen=True, kw_only=True)
class RestoredPlatform:
    """What came back, what was under way and was ended, what is to be rebuilt and compared, and what stays revoked."""

    id: str
    tables: int
    rows: int
    files: int
    ended: Settled
    to_rebuild: Sequence[Rebuild]
    to_compare: Sequence[Compare]
    carried: CarriedRevocations | None
    withheld: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class MigrationStatus:
    """The names of the applied migrations, and of those that are not."""

    applied: Sequence[str]
    pending: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ExportedSchema:
    """The folder of migrations, and the names of the files that were written or removed there."""

    folder: str
    changed: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class RenameDoubt:
    """A line that people have to look at."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RenamedProgram:
    """A program in which so many names were changed."""

    path: str
    renamed: int
    doubts: Sequence[RenameDoubt]
