"""Keys of machines that send events or call the API."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from odooops_dagster.control.caller import Caller
from odooops_dagster.control.database import Database
from odooops_dagster.model.releases import EventKey, EventType, NewEventKey, Persona


class Keys:
    """Reads ops.v_event_keys, and makes, rotates and revokes keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, project_id: UUID | None = None) -> builtins.list[EventKey]:
        """Return the keys, newest first; with a project, those that are limited to it."""
        rows = self._database.read("v_event_keys", order="created_at desc, prefix", project_id=project_id)
        return [EventKey.from_row(row) for row in rows]

    def get(self, prefix: str) -> EventKey:
        """Return the key with this prefix."""
        row = self._database.one("v_event_keys", what=f"key {prefix}", order="prefix", prefix=prefix)
        return EventKey.from_row(row)

    def create(
        self,
        name: str,
        *,
        persona: Persona | None,
        event_types: Sequence[EventType],
        expires_at: datetime,
        project_id: UUID | None = None,
        approver_id: str | None = None,
        created_by: str | None = None,
        user_id: UUID | None = None,
        scopes: Sequence[str] = (),
    ) -> NewEventKey:
        """Make a key and return it.

        Args:
            name: what the key is for.
            persona: the role as which it acts; None for a member's key.
            event_types: the events that it may send.
            expires_at: when it ends.
            project_id: the only project that it may speak of; None for every project.
            approver_id: the person as whom it signs off; needed for gate_signoff, refused without.
            created_by: the person who asked for it, if that is not the database's login.
            user_id: the member as whom it calls the API, without a persona.
            scopes: the permissions that it may use in the API; without any it only sends events.

        Raises:
            BadInput: no key has these values.
            NotFound: there is no such project.
        """
        rows = self._database.call(
            "create_event_key",
            name=name,
            persona=persona,
            event_types=list(event_types),
            expires_at=expires_at,
            p_project_id=project_id,
            p_approver_id=approver_id,
            p_created_by=created_by,
            p_user_id=user_id,
            p_scopes=list(scopes),
        )
        return NewEventKey.from_row(rows[0])

    def authenticate(self, prefix: str, key_sha256: str) -> Caller:
        """Return as whom the bearer of a key calls.

        Raises:
            Unauthenticated: the key does not work.
            Forbidden: it only sends events.
        """
        return Caller.of(self._database.value("authenticate_key", p_key_prefix=prefix, p_key_sha256=key_sha256))

    def rotate(
        self, prefix: str, *, expires_at: datetime, overlap: timedelta, created_by: str | None = None
    ) -> NewEventKey:
        """Make a successor of the key and return it; the old one works until `overlap` is over."""
        rows = self._database.call(
            "rotate_event_key", prefix=prefix, expires_at=expires_at, p_overlap=overlap, p_created_by=created_by
        )
        return NewEventKey.from_row(rows[0])

    def revoke(self, prefix: str, *, revoked_by: str | None = None) -> bool:
        """End the key at once, and return whether it was in force."""
        return bool(self._database.value("revoke_event_key", prefix=prefix, p_revoked_by=revoked_by))

    # What members do with keys that act as themselves.

    def of_members(self, project_id: UUID) -> builtins.list[dict[str, Any]]:
        """Return the keys of the project's members, newest first: all to an admin, else the caller's own."""
        return self._database.call("list_member_keys", p_project_id=project_id)

    def create_own(self, project_id: UUID, name: str, *, scopes: Sequence[str], expires_at: datetime) -> NewEventKey:
        """Make a key that calls the API as the calling member, in the project and within the scopes, and return it.

        Raises:
            Forbidden: the caller lacks a permission that the scopes name, or came with a key.
        """
        rows = self._database.call(
            "create_member_key", p_project_id=project_id, name=name, p_scopes=list(scopes), expires_at=expires_at
        )
        return NewEventKey.from_row(rows[0])

    def rotate_own(self, prefix: str, *, expires_at: datetime, overlap: timedelta) -> NewEventKey:
        """Make a successor of one of the calling member's keys; the old one works until `overlap` is over."""
        rows = self._database.call("rotate_member_key", prefix=prefix, expires_at=expires_at, p_overlap=overlap)
        return NewEventKey.from_row(rows[0])

    def revoke_of_member(self, prefix: str) -> bool:
        """End one of the calling member's keys, or as an admin any member's, and return whether it was in force."""
        return bool(self._database.value("revoke_member_key", prefix=prefix))
