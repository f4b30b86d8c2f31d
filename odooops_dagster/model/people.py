"""Values of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from odooops_dagster.model import FromRow

AliasKind = Literal["email", "subject", "login", "forge"]


@dataclass(frozen=True, kw_only=True)
class Person(FromRow):
    """A person; each alias has a `kind` and a `name`."""

    person_id: UUID
    name: str
    aliases: Sequence[Mapping[str, str]]
    created_by: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class PersonKey(FromRow):
    """A public key by which a person signs; `key_id` is its name in DSSE envelopes."""

    id: UUID
    person_id: UUID
    key_id: str
    public_key: str
    created_by: str
    created_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None
