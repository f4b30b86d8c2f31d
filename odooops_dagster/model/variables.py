"""Variables that environments' Odoo gets: their names and places, and values as they are sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from odooops_dagster.model.environments import Stage
from odooops_dagster.model.rows import FromRow

Place = Literal["environment", "stage", "project"]


@dataclass(frozen=True, kw_only=True)
class Variable(FromRow):
    """A variable that is set: for an environment, for the environments of a stage, or for all of the project."""

    id: UUID
    project_slug: str
    name: str
    place: Place
    stage: Stage | None
    environment_id: UUID | None
    branch: str | None
    set_by: str
    set_at: datetime


@dataclass(frozen=True, kw_only=True)
class EnvironmentVariable(FromRow):
    """A variable that an environment gets, and the place from which it comes."""

    name: str
    place: Place
    set_by: str
    set_at: datetime


@dataclass(frozen=True, kw_only=True)
class Restarted(FromRow):
    """An environment, by its partition key, that is restarted because a variable of it changed."""

    environment: str


@dataclass(frozen=True, kw_only=True)
class SealingKey(FromRow):
    """The public key for which values are sealed, in base64: X25519, for HPKE with HKDF-SHA256 and AES-256-GCM."""

    base64: str


@dataclass(frozen=True, kw_only=True)
class SealedValue(FromRow):
    """The value of a variable, sealed for the public key and for one name at one place."""

    name: str
    project_id: UUID
    stage: Stage | None
    environment_id: UUID | None
    public_key: bytes
    sealed: bytes = field(repr=False)

    @property
    def bound_to(self) -> bytes:
        """Return what the value is sealed for besides its key."""
        return bound_to(self.name, self.project_id, stage=self.stage, environment_id=self.environment_id)


def bound_to(name: str, project_id: UUID, *, stage: Stage | None, environment_id: UUID | None) -> bytes:
    """Return what a value is sealed for, so that it opens at no other place and under no other name."""
    place = str(environment_id or stage or "project")
    return "\n".join(("odooops variable 1", str(project_id), place, name)).encode()
